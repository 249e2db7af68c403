package io.llm2clip.kernels.operations;

import java.util.List;

/**
 * An operation on flat, row-major buffers: the closed set of everything a kernel set must implement, and {@link CustomOp}, which brings
 * its kernels along.
 *
 * <p>Dimensions are plain numbers, so a kernel needs compiling once, not once a shape. Operands are passed in the order of
 * {@link #operands()}: inputs first, results (or the updated state) last. Results overlap neither inputs nor each other; except that
 * an {@link Elementwise} may write its result over a dense input of the same type, element by element, and a {@link Matmul} over an extra
 * operand of its epilogue where its kernel says that it can. Any dimension may be zero: then
 * nothing is read, and results that still have elements are the operation's neutral value (0 for sums and products).
 */
public sealed interface KernelOp
        permits Elementwise,
                Reduce,
                Matmul,
                SoftmaxOp,
                NormOp,
                AttentionOp,
                Rotary,
                IndexOp,
                CrossEntropyOp,
                SquareSums,
                Concat,
                RandomUniform,
                AdamWUpdate,
                PackedRows,
                CustomOp {
    /** What messages call it. */
    default String name() {
        String simple = getClass().getSimpleName();
        return simple.isEmpty() ? getClass().getName() : simple;
    }

    /** The operation that computes, whatever the layout in which it writes its result. */
    default KernelOp unpacked() {
        return this;
    }

    /** The buffers in calling order. */
    List<Operand> operands();

    /** The operands that a run only reads, in calling order. */
    default List<Operand> inputs() {
        return operands().stream()
                .filter(operand -> operand.access() == Operand.Access.READ)
                .toList();
    }

    /** The operands that a run only writes, in calling order: its results. */
    default List<Operand> results() {
        return operands().stream()
                .filter(operand -> operand.access() == Operand.Access.WRITE)
                .toList();
    }

    /** The operands that a run reads and changes in place, in calling order. */
    default List<Operand> updates() {
        return operands().stream()
                .filter(operand -> operand.access() == Operand.Access.UPDATE)
                .toList();
    }

    /** Floating-point operations of one run, counting a fused multiply-add as two; 0 for data movement. */
    default long flops() {
        return 0;
    }
}
