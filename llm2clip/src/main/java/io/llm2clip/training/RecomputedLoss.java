package io.llm2clip.training;

import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.tensor.Tensor;
import java.util.List;

/** A loss whose backward pass computes the blocks of its towers again. */
record RecomputedLoss(EmbeddingLoss loss) implements EmbeddingLoss {
    @Override
    public List<Tensor> embed(List<Tensor> inputs, int examples) {
        return Blocks.build(true, () -> loss.embed(inputs, examples));
    }

    @Override
    public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
        return loss.loss(embeddings, inputs);
    }
}
