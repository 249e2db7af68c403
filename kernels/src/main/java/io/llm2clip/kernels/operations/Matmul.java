package io.llm2clip.kernels.operations;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code out[b] = epilogue(op(A[b]) op(B[b]), extra...)}, batches of {@code [m, k] x [k, n] -> [m, n]}.
 *
 * @param batch number of products
 * @param m rows of the product
 * @param n columns of the product
 * @param k length of the sums
 * @param transposeA whether A is stored as {@code [k, m]}
 * @param transposeB whether B is stored as {@code [n, k]} (a weight of a linear layer)
 * @param lda elements from one stored row of A to the next
 * @param ldb elements from one stored row of B to the next
 * @param batchStrideA elements from one A to the next; 0 shares one A
 * @param batchStrideB elements from one B to the next; 0 shares one B
 * @param epilogue applied to each element: value 0 is the sum, values 1.. the extra operands
 * @param extras layouts of the extra operands
 */
public record Matmul(
        int batch,
        int m,
        int n,
        int k,
        boolean transposeA,
        boolean transposeB,
        int lda,
        int ldb,
        long batchStrideA,
        long batchStrideB,
        Expression epilogue,
        List<Broadcast> extras)
        implements KernelOp {
    public Matmul {
        extras = List.copyOf(extras);
        Checks.require(
                epilogue.inputs() == 1 + extras.size(),
                "Matmul: epilogue with 1 + " + extras.size() + " inputs",
                epilogue);
        Checks.require(lda >= (transposeA ? m : k), "Matmul: lda of at least a stored row", lda);
        Checks.require(ldb >= (transposeB ? k : n), "Matmul: ldb of at least a stored row", ldb);
    }

    /** A dense product without epilogue. */
    public static Matmul dense(int batch, int m, int n, int k, boolean transposeA, boolean transposeB) {
        return new Matmul(
                batch,
                m,
                n,
                k,
                transposeA,
                transposeB,
                transposeA ? m : k,
                transposeB ? k : n,
                (long) m * k,
                (long) k * n,
                Expression.IDENTITY,
                List.of());
    }

    @Override
    public List<Operand> operands() {
        List<Operand> operands = new ArrayList<>();
        operands.add(Operand.in("a", matrices(transposeA ? k : m, transposeA ? m : k, lda, batchStrideA)));
        operands.add(Operand.in("b", matrices(transposeB ? n : k, transposeB ? k : n, ldb, batchStrideB)));
        for (int i = 0; i < extras.size(); i++) {
            operands.add(Operand.in(
                    "extra" + i,
                    switch (extras.get(i)) {
                        case FULL -> (long) batch * m * n;
                        case ROW -> n;
                        case SCALAR -> 1;
                    }));
        }
        operands.add(Operand.out((long) batch * m * n));
        return operands;
    }

    /** Whether the epilogue only adds the one extra operand, which is a bias or has the product's shape. */
    public boolean addsExtra() {
        List<Expression.Instruction> instructions = epilogue.instructions();
        return instructions.size() == 1
                && instructions.getFirst().opcode() == Opcode.ADD
                && instructions.getFirst().a() != instructions.getFirst().b()
                && extras.size() == 1
                && extras.getFirst() != Broadcast.SCALAR;
    }

    /** The product alone; what is left to do is {@link #finish}. */
    public Matmul plain() {
        return new Matmul(
                batch,
                m,
                n,
                k,
                transposeA,
                transposeB,
                lda,
                ldb,
                batchStrideA,
                batchStrideB,
                Expression.IDENTITY,
                List.of());
    }

    /** The epilogue alone: its inputs are the product, which the output may overwrite, and the extra operands. */
    public Elementwise finish() {
        List<List<Integer>> strides = new ArrayList<>();
        strides.add(List.of(Math.multiplyExact(m, n), n, 1));
        for (Broadcast extra : extras) {
            strides.add(
                    switch (extra) {
                        case FULL -> strides.getFirst();
                        case ROW -> List.of(0, 0, 1);
                        case SCALAR -> List.of(0, 0, 0);
                    });
        }
        return new Elementwise(epilogue, List.of(batch, m, n), strides);
    }

    private long matrices(int rows, int columns, int leading, long batchStride) {
        return batch == 0 || rows == 0 || columns == 0
                ? 0
                : (batch - 1L) * batchStride + (rows - 1L) * leading + columns;
    }

    @Override
    public long flops() {
        return 2L * batch * m * n * k;
    }
}
