package io.llm2clip.demo;

import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.model.TextModel;
import io.llm2clip.progress.Progress;
import io.llm2clip.training.VectorLookup;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** Vectors of the untouched language model, kept because stage 1 changes it. */
final class RawVectors implements VectorLookup {
    private final FloatMatrix vectors;
    private final Map<String, Integer> rowOf = new HashMap<>();

    private RawVectors(List<String> texts, FloatMatrix vectors) {
        this.vectors = vectors;
        texts.forEach(text -> rowOf.put(text, rowOf.size()));
    }

    /** Those of the training captions and of all queries. */
    static RawVectors of(TextModel language, DemoTexts texts) {
        Stream<String> captions =
                texts.training().items().stream().map(CaptionedImage::captions).flatMap(List::stream);
        Stream<String> queries =
                texts.querySets().values().stream().flatMap(List::stream).flatMap(List::stream);
        List<String> all = Stream.concat(captions, queries).distinct().toList();
        return new RawVectors(all, language.encoder().encode(all, true, Progress.Phase.NONE));
    }

    @Override
    public int size() {
        return vectors.columns();
    }

    @Override
    public Found of(List<String> texts) {
        return Found.of(rows(texts));
    }

    /** The vectors {@code [N, D]} of texts. */
    FloatMatrix rows(List<String> texts) {
        FloatMatrix found = FloatMatrix.allocate(texts.size(), size());
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            found.accept(i, vectors.row(Objects.requireNonNull(rowOf.get(text), text)));
        }
        return found;
    }
}
