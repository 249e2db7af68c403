package io.llm2clip.nn;

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

    private Blocks() {}

    /** The output of a block, of a graph that is being built. */
    public static Tensor apply(Tensor x, UnaryOperator<Tensor> block) {
        return RECOMPUTING.orElse(false)
                ? Tensor.recompute(List.of(x), in -> block.apply(in.getFirst()))
                : block.apply(x);
    }

    /**
     * Builds a graph.
     *
     * @param recompute whether the backward pass computes blocks again; results are the same to the bit
     */
    public static <R> R build(boolean recompute, Supplier<R> graph) {
        return ScopedValue.where(RECOMPUTING, recompute).call(graph::get);
    }
}
