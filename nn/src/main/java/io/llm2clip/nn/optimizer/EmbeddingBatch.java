package io.llm2clip.nn.optimizer;

import io.llm2clip.tensor.TensorData;
import java.util.List;

/** A batch for an {@link EmbeddingLoss}, of which any run of examples can be had. */
public interface EmbeddingBatch {

    /** How many examples it has. */
    int size();

    /** What examples {@code from .. to - 1} are embedded from; valid until the next call, which may be for the same ones. */
    List<TensorData> inputs(int from, int to);

    /** What else the loss of the whole batch reads; empty if nothing. */
    List<TensorData> lossInputs();
}
