package io.llm2clip.nn;

import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * The blocks of a deep network, which a backward pass may compute again instead of keeping what they compute (activation checkpointing,
 * Chen et al. 2016): the memory of one block for that of all, for another forward pass. Whoever builds a graph for training says so;
 * networks only say what a block is.
 */
public final class Blocks {
    private static final ScopedValue<Boolean> RECOMPUTING = ScopedValue.newInstance();

    private static final ScopedValue<Boolean> RECOMPUTING_WIDE = ScopedValue.newInstance();

    private Blocks() {}

    /** The output of a block, of a graph that is being built. */
    public static Tensor apply(Tensor x, UnaryOperator<Tensor> block) {
        return RECOMPUTING.orElse(false) ? recomputed(x, block) : block.apply(x);
    }

    /**
     * The output of a part of a block, of a graph that is being built, that is several times as wide inside as what it reads and gives: an MLP
     * whose first layer is a fraction of the work of a step, and what it computes a large part of what a step keeps.
     */
    public static Tensor wide(Tensor x, UnaryOperator<Tensor> part) {
        return RECOMPUTING_WIDE.orElse(false) && !RECOMPUTING.orElse(false) ? recomputed(x, part) : part.apply(x);
    }

    private static Tensor recomputed(Tensor x, UnaryOperator<Tensor> part) {
        return Tensor.recompute(List.of(x), in -> part.apply(in.getFirst()));
    }

    /**
     * Builds a graph.
     *
     * @param recompute whether the backward pass computes blocks again; results are the same to the bit, of a {@linkplain #buildStep step}
     *     in bf16 but for last bits
     */
    public static <R> R build(boolean recompute, Supplier<R> graph) {
        return ScopedValue.where(RECOMPUTING, recompute).call(graph::get);
    }

    /**
     * Builds the graph of a training step. In bf16, where a product takes little more time than to write and read what it gives in f32, the
     * backward pass computes {@linkplain #wide wide} parts again; results are the same but for what kernels that compute an activation
     * alone, or with a product, make of its last bit before it is rounded.
     *
     * @param precision in which the step multiplies
     */
    public static <R> R buildStep(Precision precision, Supplier<R> graph) {
        return ScopedValue.where(RECOMPUTING_WIDE, precision == Precision.BF16).call(graph::get);
    }
}
