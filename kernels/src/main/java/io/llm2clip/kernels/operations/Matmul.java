package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code out[i] = epilogue(A[i] B[i], extra...)}, batches of {@code [m, k] x [k, n] -> [m, n]}. Products are summed in f32, in an
 * order that depends on k only.
 *
 * @param batch number of matmuls
 * @param m rows of A and of the output
 * @param n columns of B and of the output
 * @param k columns of A and rows of B
 * @param a A, of f32
 * @param b B; quantized formats have their blocks along the stored rows
 * @param epilogue applied to each element
 */
public record Matmul(int batch, int m, int n, int k, MatrixOperand a, MatrixOperand b, Epilogue epilogue)
        implements KernelOp {
    public Matmul {
        Checks.require(a.format() == DType.F32 && a.packing() == null, "Matmul: A of f32, stored by rows", a);
        a.operand("a", batch, m, k);
        b.operand("b", batch, k, n);
        Packing packing = b.packing();
        if (packing != null) {
            Checks.require(
                    packing.format() == b.format() && packing.n() == n && packing.k() == k,
                    "Matmul: a packing of " + b.format() + " [" + k + ", " + n + "]",
                    packing);
            Checks.require(batch <= 1 || b.batchStride() == 0, "Matmul: one packed B", batch + " of them");
        }
    }

    /** Dense operands of f32 and no epilogue. */
    public static Matmul dense(int batch, int m, int n, int k, boolean transposeA, boolean transposeB) {
        return dense(batch, m, n, k, transposeA, transposeB, DType.F32);
    }

    /** Dense operands and no epilogue. */
    public static Matmul dense(int batch, int m, int n, int k, boolean transposeA, boolean transposeB, DType formatB) {
        return new Matmul(
                batch,
                m,
                n,
                k,
                MatrixOperand.dense(DType.F32, transposeA, m, k),
                MatrixOperand.dense(formatB, transposeB, k, n),
                Epilogue.NONE);
    }

    /** The same operation with B in another layout. */
    public Matmul withB(MatrixOperand operand) {
        return new Matmul(batch, m, n, k, a, operand, epilogue);
    }

    /** The same operation with another epilogue. */
    public Matmul withEpilogue(Epilogue other) {
        return new Matmul(batch, m, n, k, a, b, other);
    }

    @Override
    public List<Operand> operands() {
        List<Operand> operands = new ArrayList<>();
        operands.add(a.operand("a", batch, m, k));
        operands.add(b.operand("b", batch, k, n));
        List<Broadcast> extras = epilogue.extras();
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

    /** The epilogue alone: its inputs are the matmul's result, which the output may overwrite, and the extra operands. */
    public Elementwise finish() {
        List<List<Integer>> strides = new ArrayList<>();
        strides.add(List.of(Math.multiplyExact(m, n), n, 1));
        for (Broadcast extra : epilogue.extras()) {
            strides.add(
                    switch (extra) {
                        case FULL -> strides.getFirst();
                        case ROW -> List.of(0, 0, 1);
                        case SCALAR -> List.of(0, 0, 0);
                    });
        }
        return new Elementwise(epilogue.expression(), List.of(batch, m, n), strides);
    }

    @Override
    public long flops() {
        return 2L * batch * m * n * k;
    }
}
