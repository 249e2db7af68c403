package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.rows.ElementwiseRows;
import io.llm2clip.kernels.cpu.rows.NormRows;
import io.llm2clip.kernels.cpu.rows.RotaryKernel;
import io.llm2clip.kernels.cpu.rows.RowOutput;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.RowPanels;

/** Operations that write their result in panels. */
public final class PackedKernels {
    private PackedKernels() {}

    /**
     * Whether there is a kernel that writes the result of an operation in a layout.
     *
     * @param precision in which it multiplies matrices
     */
    public static boolean writes(KernelOp op, MatrixPrecision precision, RowPanels panels) {
        return switch (op) {
            case Matmul _, AttentionOp.Attention _ ->
                MatrixUnits.supporting(op, precision)
                        .map(unit -> unit.writes(op, panels))
                        .orElse(false);
            case NormOp.LayerNorm o -> o.columns() == panels.columns() && o.rows() == panels.rows();
            case NormOp.RmsNorm o -> o.columns() == panels.columns() && o.rows() == panels.rows();
            case Rotary o -> o.columns() == panels.columns() && o.rows() == panels.rows();
            case Elementwise o -> ElementwiseRows.computes(o, panels.columns());
            default -> false;
        };
    }

    /**
     * Whether the kernel of an operation may write its result over an operand of an epilogue that has the result's shape and layout.
     *
     * @param precision in which it multiplies matrices
     */
    public static boolean overwrites(KernelOp op, MatrixPrecision precision) {
        return op.unpacked() instanceof Matmul matmul
                && MatrixUnits.forOperation(matmul, precision).overwrites(matmul);
    }

    static Launch bind(PackedRows op, MatrixPrecision precision, long[] addresses, Workers workers) {
        RowPanels panels = op.panels();
        if (op.op() instanceof Matmul matmul) {
            return MatrixUnits.forOperation(matmul, precision).matmul(matmul, panels, addresses, workers);
        }
        if (op.op() instanceof AttentionOp.Attention attention) {
            return MatrixUnits.forOperation(attention, precision).attention(attention, panels, addresses, workers);
        }
        RowPacker packer = MatrixUnits.ofPanels(panels).packer(panels, addresses[addresses.length - 1]);
        return bind(op, addresses, packer, workers);
    }

    /**
     * Prepares an operation that computes rows.
     *
     * @param packer that writes the result's panels
     * @throws IllegalArgumentException if it is none of those
     */
    public static Launch bind(PackedRows op, long[] addresses, RowPacker packer, Workers workers) {
        RowOutput out = new RowOutput(packer, op.panels().columns());
        return switch (op.op()) {
            case NormOp.LayerNorm o -> NormRows.layerNorm(o, addresses, out, workers);
            case NormOp.RmsNorm o -> NormRows.rmsNorm(o, addresses, out, workers);
            case Rotary o -> RotaryKernel.bind(o, addresses, out, workers);
            case Elementwise o -> ElementwiseRows.bind(o, addresses, packer, workers);
            default -> throw new IllegalArgumentException("No kernel of this machine writes " + op + ".");
        };
    }
}
