package io.llm2clip.nn;

import io.llm2clip.tensor.RandomTensors;
import io.llm2clip.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Dropout (Srivastava et al. 2014), which layers say where to apply, and whoever builds a graph for training says that it is applied: in
 * all other graphs nothing is dropped. What is dropped depends on the random tensors' seed and step and on the layer's name alone.
 */
public final class Dropout {
    private static final ScopedValue<RandomTensors> RANDOM = ScopedValue.newInstance();

    private Dropout() {}

    /** Builds a graph of a training step. */
    public static <R> R build(RandomTensors random, Supplier<R> graph) {
        return ScopedValue.where(RANDOM, random).call(graph::get);
    }

    /** Whether anything is dropped in the graph that is being built. */
    static boolean applies(float rate) {
        return rate > 0 && RANDOM.isBound();
    }

    /**
     * A function of x of which a part is dropped. The backward pass draws and multiplies again: as many random numbers as there are inputs of
     * every layer would take more memory than all else.
     *
     * @param stream name of the layer
     * @param rate share of elements of x that become 0; the others are divided by {@code 1 - rate}
     */
    static Tensor apply(String stream, Tensor x, float rate, UnaryOperator<Tensor> function) {
        RandomTensors random = RANDOM.get();
        return Tensor.recompute(List.of(x), in -> function.apply(random.dropout(stream, in.getFirst(), rate)));
    }
}
