package io.llm2clip.model;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.kernels.Resources;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.CaptionKinds;
import java.util.List;

/**
 * A language model and a text tower, whose embeddings lie side by side.
 *
 * @param language whose vectors captions are compared with each other by
 * @param tower with embeddings of the same size
 */
public record JoinedTextEncoder(TextEncoder language, TextEncoder tower) implements TextEncoder {
    /** {@code [N, 2 E]}, halves of length 1. */
    @Override
    public void embed(List<String> captions, FloatMatrix embeddings, Progress.Phase phase) {
        FloatMatrix first = FloatMatrix.allocate(captions.size(), embeddings.columns() / 2);
        FloatMatrix second = FloatMatrix.allocate(captions.size(), embeddings.columns() / 2);
        language.embed(captions, first, phase);
        tower.embed(captions, second, Progress.Phase.NONE);
        FloatMatrix joined = first.beside(second);
        for (int i = 0; i < joined.rows(); i++) {
            embeddings.accept(i, joined.row(i));
        }
    }

    @Override
    public int vectorSize() {
        return language.vectorSize();
    }

    @Override
    public void vectors(List<String> captions, VectorTarget vectors, Progress.Phase phase) {
        language.vectors(captions, vectors, phase);
    }

    @Override
    public CaptionKinds kinds(List<String> captions) {
        return language.kinds(captions);
    }

    /** Of the one that reads the least. */
    @Override
    public int maxLength() {
        return Math.min(language.maxLength(), tower.maxLength());
    }

    @Override
    public long cutCaptions() {
        return Math.max(language.cutCaptions(), tower.cutCaptions());
    }

    @Override
    public void close() {
        Resources.closeAll(List.of(language::close, tower::close));
    }
}
