package io.llm2clip.model;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.kernels.Resources;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.Tokenizer;
import java.util.List;

/** A language model and its adapter, one after the other. */
public final class LanguageTextEncoder implements TextEncoder {
    private final LanguageBranch branch;
    private final CaptionEncoder captions;
    private final TextProjection projection;

    LanguageTextEncoder(LanguageBranch branch, Tokenizer tokenizer, Execution execution) {
        this.branch = branch;
        captions = new CaptionEncoder(
                branch.llama(),
                tokenizer,
                branch.reading().format(),
                branch.reading().pooling(),
                execution);
        projection = new TextProjection(branch.adapter(), execution);
    }

    @Override
    public void embed(List<String> texts, FloatMatrix embeddings, Progress.Phase phase) {
        projection.project(captions.encode(texts, branch.reading().causal(), phase), embeddings);
    }

    @Override
    public int vectorSize() {
        return branch.llama().config().hiddenSize();
    }

    @Override
    public void vectors(List<String> texts, VectorTarget vectors, Progress.Phase phase) {
        captions.encode(texts, branch.reading().causal(), vectors, phase);
    }

    @Override
    public CaptionKinds kinds(List<String> texts) {
        return captions.kinds(texts);
    }

    @Override
    public int maxLength() {
        return branch.reading().format().maxLength();
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
