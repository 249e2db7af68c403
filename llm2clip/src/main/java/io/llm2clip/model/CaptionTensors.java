package io.llm2clip.model;

import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.TokenBatch;
import java.util.List;

/** A batch of captions as the tensors that a language model reads: ids, positions, offsets, who pools a token, and its weight. */
public final class CaptionTensors {
    /** How many tensors a batch is. */
    public static final int COUNT = 5;

    private CaptionTensors() {}

    /** The values of a batch of N tokens and at most S captions: i32 {@code [N]}, {@code [N]}, {@code [S + 1]}, {@code [N]}; f32 {@code [N]}. */
    public static List<TensorData> of(TokenBatch batch, Pooling pooling) {
        float[] weights = batch.poolingWeights(pooling);
        return List.of(
                ints(batch.ids()),
                ints(batch.positions()),
                ints(batch.offsets()),
                ints(batch.pooledBy(weights)),
                TensorData.of(Shape.of(weights.length), weights));
    }

    private static TensorData ints(int[] values) {
        return TensorData.ofInts(Shape.of(values.length), values);
    }

    /** Vectors {@code [S, D]}, not normalized, of which the first are those of the batch's captions. */
    public static Tensor pooled(Llama llama, List<Tensor> inputs, boolean causal) {
        Sequences.Ragged captions = new Sequences.Ragged(inputs.get(2), inputs.get(1));
        return llama.pooled(inputs.get(0), captions, inputs.get(3), inputs.get(4), causal);
    }
}
