package io.llm2clip.kernels.operations;

import java.util.List;
import org.jspecify.annotations.Nullable;

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
     *
     * @param q the layout of q, where it was written packed: a matrix of all its rows
     * @param k that of k
     * @param v that of v
     */
    record Attention(
            AttentionShape shape,
            @Nullable RowPanels q,
            @Nullable RowPanels k,
            @Nullable RowPanels v) implements AttentionOp {
        public Attention {
            requireRows(q, "q", shape.querySize(), shape.heads() * shape.headSize());
            requireRows(k, "k", shape.keySize(), shape.keyValueHeads() * shape.headSize());
            requireRows(v, "v", shape.keySize(), shape.keyValueHeads() * shape.headSize());
        }

        /** Of operands that are stored by rows. */
        public Attention(AttentionShape shape) {
            this(shape, null, null, null);
        }

        private static void requireRows(@Nullable RowPanels panels, String name, long elements, int columns) {
            if (panels != null) {
                Checks.require(
                        panels.columns() == columns && (long) panels.rows() * columns == elements,
                        "Attention: panels of " + name + " of " + columns + " columns, " + elements
                                + " elements in all",
                        panels);
            }
        }

        /** The same operation with an operand in panels: 0 is q, 1 is k, 2 is v. */
        public Attention withPanels(int operand, RowPanels panels) {
            return switch (operand) {
                case 0 -> new Attention(shape, panels, k, v);
                case 1 -> new Attention(shape, q, panels, v);
                case 2 -> new Attention(shape, q, k, panels);
                default ->
                    throw new IllegalArgumentException(
                            "Attention: operand " + operand + " in panels, expected 0 to 2.");
            };
        }

        /** Whether all operands are stored by rows. */
        public boolean byRows() {
            return q == null && k == null && v == null;
        }

        @Override
        public List<Operand> operands() {
            return List.of(
                    in("q", shape.querySize(), q),
                    in("k", shape.keySize(), k),
                    in("v", shape.keySize(), v),
                    shape.extents(),
                    Operand.out(shape.querySize()));
        }

        /** Without layouts, which plans show with the operands. */
        @Override
        public String toString() {
            return "Attention[shape=" + shape + "]";
        }

        private static Operand in(String name, long elements, @Nullable RowPanels panels) {
            Operand rows = Operand.in(name, elements);
            return panels == null ? rows : rows.packed(panels);
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
