package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
 * @param panels the layout of A, where it was written packed; its strides then say nothing
 * @param panelsOfB the same of a B that other matmuls read as their A, as a gradient of weights reads what the forward pass multiplied
 */
public record Matmul(
        int batch,
        int m,
        int n,
        int k,
        MatrixOperand a,
        MatrixOperand b,
        Epilogue epilogue,
        @Nullable RowPanels panels,
        @Nullable RowPanels panelsOfB)
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
        RowPanels panelsOfExtras = epilogue.panels();
        if (panelsOfExtras != null) {
            Checks.require(
                    batch == 1 && panelsOfExtras.rows() == m && panelsOfExtras.columns() == n,
                    "Matmul: extra operands in panels of one output [" + m + ", " + n + "]",
                    panelsOfExtras);
        }
        if (panels != null) {
            Checks.require(
                    batch == 1 && panels.rows() == m && panels.columns() == k,
                    "Matmul: panels of one A [" + m + ", " + k + "]",
                    panels);
        }
        if (panelsOfB != null) {
            Checks.require(
                    batch == 1
                            && panelsOfB.rows() == k
                            && panelsOfB.columns() == n
                            && b.equals(MatrixOperand.dense(DType.F32, false, k, n)),
                    "Matmul: panels of one B of f32 [" + k + ", " + n + "]",
                    panelsOfB);
        }
    }

    /** Of factors that are stored by rows. */
    public Matmul(int batch, int m, int n, int k, MatrixOperand a, MatrixOperand b, Epilogue epilogue) {
        this(batch, m, n, k, a, b, epilogue, null, null);
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
        return new Matmul(batch, m, n, k, a, operand, epilogue, panels, panelsOfB);
    }

    /** The same operation with another epilogue. */
    public Matmul withEpilogue(Epilogue other) {
        return new Matmul(batch, m, n, k, a, b, other, panels, panelsOfB);
    }

    /** The same operation with A in panels. */
    public Matmul withPanels(RowPanels layout) {
        return new Matmul(batch, m, n, k, a, b, epilogue, layout, panelsOfB);
    }

    /** The same operation with B in panels. */
    public Matmul withPanelsOfB(RowPanels layout) {
        return new Matmul(batch, m, n, k, a, b, epilogue, panels, layout);
    }

    @Override
    public List<Operand> operands() {
        List<Operand> operands = new ArrayList<>();
        Operand rows = a.operand("a", batch, m, k);
        operands.add(panels == null ? rows : rows.packed(panels));
        Operand factor = b.operand("b", batch, k, n);
        operands.add(panelsOfB == null ? factor : factor.packed(panelsOfB));
        List<Broadcast> extras = epilogue.extras();
        for (int i = 0; i < extras.size(); i++) {
            operands.add(extra("extra" + i, extras.get(i)));
        }
        operands.add(Operand.out((long) batch * m * n));
        return operands;
    }

    private Operand extra(String name, Broadcast layout) {
        return switch (layout) {
            case FULL -> {
                Operand rows = Operand.in(name, (long) batch * m * n);
                yield epilogue.panels() == null ? rows : rows.packed(epilogue.panels());
            }
            case ROW -> Operand.in(name, n);
            case SCALAR -> Operand.in(name, 1);
        };
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
