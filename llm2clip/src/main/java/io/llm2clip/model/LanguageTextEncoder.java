package io.llm2clip.model;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.kernels.Resources;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.Tokenizer;
import java.util.List;

/** A language model and its adapter, one after the other. */
public final class LanguageTextEncoder implements TextEncoder {
    private final LanguageBranch branch;
    private final String instruction;
    private final CaptionFormat format;
    private final CaptionEncoder captions;
    private final TextProjection projection;

    LanguageTextEncoder(LanguageBranch branch, Tokenizer tokenizer, CaptionOptions options, Execution execution) {
        this.branch = branch;
        instruction = options.instruction();
        format = options.in(branch.reading().format(), branch.llama().config().maxPositions());
        captions = new CaptionEncoder(
                branch.llama(), tokenizer, format, branch.reading().pooling(), execution);
        projection = new TextProjection(branch.adapter(), execution);
    }

    @Override
    public void embed(List<String> texts, FloatMatrix embeddings, Progress.Phase phase) {
        FloatMatrix vectors = FloatMatrix.allocate(texts.size(), vectorSize());
        vectors(texts, vectors, phase);
        projection.project(vectors, embeddings);
    }

    @Override
    public int vectorSize() {
        return branch.llama().config().hiddenSize();
    }

    @Override
    public void vectors(List<String> texts, VectorTarget vectors, Progress.Phase phase) {
        captions.encode(texts, instruction, branch.reading().causal(), vectors, phase);
    }

    @Override
    public CaptionKinds kinds(List<String> texts) {
        return captions.kinds(texts);
    }

    @Override
    public int maxLength() {
        return format.maxLength();
    }

    @Override
    public long cutCaptions() {
        return captions.cutCaptions();
    }

    @Override
    public void close() {
        Resources.closeAll(List.of(captions::close, projection::close));
    }
}
