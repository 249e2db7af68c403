package io.llm2clip.kernels.gpu.cublas;

import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;

/**
 * {@code out[b] = alpha op(A[b]) op(B[b]) + addend}: products of matrices stored by rows, {@code [m, k] x [k, n] -> [m, n]}.
 *
 * @param batch number of products
 * @param m rows of the product
 * @param n columns of the product
 * @param k length of the sums, at least 1
 * @param a the first factor
 * @param b the second factor
 * @param out the product; never transposed
 * @param alpha factor of the sums
 * @param addend what is added to them
 */
public record Product(int batch, int m, int n, int k, Factor a, Factor b, Factor out, float alpha, Addend addend) {

    /**
     * How matrices lie in memory.
     *
     * @param transposed whether the transpose is stored
     * @param leading elements from one stored row to the next
     * @param batchStride elements from one matrix to the next
     */
    public record Factor(boolean transposed, long leading, long batchStride) {
        private static Factor of(MatrixOperand operand) {
            return new Factor(operand.transposed(), operand.leadingDimension(), operand.batchStride());
        }
    }

    /** What is added to a product. */
    public enum Addend {
        NONE,
        /** A row, {@code [n]}, that all rows and batches share. */
        BIAS,
        /** Matrices that lie as the product's. */
        MATRICES,
        /** What the output held before. */
        OUTPUT;

        /** Whether it is an operand of its own, between the factors and the output. */
        public boolean isOperand() {
            return this == BIAS || this == MATRICES;
        }
    }

    /** A product without its epilogue, unless that only adds an operand. */
    public static Product of(Matmul op) {
        return new Product(
                op.batch(),
                op.m(),
                op.n(),
                op.k(),
                Factor.of(op.a()),
                Factor.of(op.b()),
                new Factor(false, op.n(), (long) op.m() * op.n()),
                1,
                !op.epilogue().addsExtra()
                        ? Addend.NONE
                        : op.epilogue().extras().getFirst() == Broadcast.ROW ? Addend.BIAS : Addend.MATRICES);
    }

    /** Whether there is something to compute, and something to sum up. */
    public boolean isEmpty() {
        return batch == 0 || m == 0 || n == 0 || k == 0;
    }
}
