package io.llm2clip.nn.optimizer;

import io.llm2clip.tensor.Tensor;
import java.util.List;

/** A loss that sees the examples of a batch by their embeddings only, as contrastive losses do. */
public interface EmbeddingLoss {

    /**
     * Embeddings of examples, one or several of each, such as those of an image and of its caption.
     *
     * @param inputs as {@link EmbeddingBatch#inputs} gives their values
     * @param examples how many they are
     * @return matrices f32 {@code [examples, E]}, of which row i depends on example i alone
     */
    List<Tensor> embed(List<Tensor> inputs, int examples);

    /**
     * The loss of a whole batch, of one element. It may depend on parameters, too, such as a logit scale.
     *
     * @param embeddings of all examples, as {@link #embed} gives them
     * @param inputs as {@link EmbeddingBatch#lossInputs} gives their values
     */
    Tensor loss(List<Tensor> embeddings, List<Tensor> inputs);
}
