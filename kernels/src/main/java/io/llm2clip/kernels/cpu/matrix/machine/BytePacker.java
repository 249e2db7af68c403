package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;

import io.llm2clip.kernels.cpu.matrix.BlockPanels;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.RowPanels;

/**
 * Quantizes rows of A, and puts blocks of B in the order in which they are multiplied.
 *
 * @param kernels what quantizes
 * @param call {@link QuantizeCall#BYTES} bytes of scratch memory, aligned to 64
 */
record BytePacker(ByteKernels kernels, long call) implements PanelPacker {
    /** Prepares the scratch memory. */
    static BytePacker in(ByteKernels kernels, long scratch) {
        QuantizeCall.prepare(scratch);
        return new BytePacker(kernels, scratch);
    }

    @Override
    public void rows(MatrixOperand a, long from, int batch, int row, int rows, int k, int length, long to) {
        if (length == 0) {
            ALL.asSlice(to, kernels.bytesOfA(rows, 1)).fill((byte) 0);
            return;
        }
        PanelCall.set(call, QuantizeCall.FROM, from + a.index(batch, row, k) * Float.BYTES);
        PanelCall.set(call, QuantizeCall.FROM_ROW, (long) a.leadingDimension() * Float.BYTES);
        PanelCall.set(call, QuantizeCall.TO, to);
        PanelCall.set(call, QuantizeCall.ROWS, rows);
        PanelCall.set(call, QuantizeCall.STEPS, length / Tiles.STEP);
        PanelCall.set(call, QuantizeCall.TO_STEP, kernels.bytesOfA(rows, 1));
        PanelCall.set(call, QuantizeCall.TO_SCALES, (long) rows * Tiles.STEP);
        PanelCall.set(call, QuantizeCall.TO_ADDENDS, (long) rows * Float.BYTES);
        kernels.quantize.call(call);
    }

    @Override
    public void columns(MatrixOperand b, long from, int batch, int k, int length, int column, int columns, long to) {
        BlockPanels.panel(b, from, batch, k, length, column, columns, to);
    }

    @Override
    public void columns(RowPanels b, long from, int column, long to) {
        throw new IllegalArgumentException("A B in " + b + " is multiplied in bf16 only, not as bytes.");
    }
}
