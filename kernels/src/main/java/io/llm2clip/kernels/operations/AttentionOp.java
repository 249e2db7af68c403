package io.llm2clip.kernels.operations;

import java.util.List;

/** Fused scaled dot-product attention, and its gradients. */
public sealed interface AttentionOp extends KernelOp {

    /**
     * {@code softmax(scale * q k^T + mask) v}, fused. q is {@code [batch, queries, heads * headSize]}, k and v are
     * {@code [batch, keys, keyValueHeads * headSize]}, the output has q's layout; all contiguous. {@code lengths} ({@code [batch]})
     * says how many leading keys of a sequence exist; the others are masked. A query with no key yields 0.
     *
     * <p>Ragged, q is {@code [queries, heads * headSize]}, and k and v are {@code [keys, keyValueHeads * headSize]}. Sequence s is
     * rows {@code offsets[s] .. offsets[s + 1] - 1} of each, by {@code offsets} ({@code [batch + 1]}), which never descend. Rows before
     * the first sequence and behind the last belong to none: they are read by none, and yield 0.
     */
    record Attention(AttentionShape shape) implements AttentionOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("q", shape.querySize()),
                    Operand.in("k", shape.keySize()),
                    Operand.in("v", shape.keySize()),
                    shape.extents(),
                    Operand.out(shape.querySize()));
        }

        @Override
        public long flops() {
            return 2 * shape.product();
        }
    }

    /** Gradients of {@link Attention}, scores recomputed: dq, dk and dv. */
    record AttentionGradient(AttentionShape shape) implements AttentionOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("q", shape.querySize()),
                    Operand.in("k", shape.keySize()),
                    Operand.in("v", shape.keySize()),
                    shape.extents(),
                    Operand.in("dout", shape.querySize()),
                    Operand.out("dq", shape.querySize()),
                    Operand.out("dk", shape.keySize()),
                    Operand.out("dv", shape.keySize()));
        }

        @Override
        public long flops() {
            return 5 * shape.product();
        }
    }
}
