package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Packing;

/**
 * Panels of a B that was packed by {@link Packer}. Those of f32 are used where they are; 16-bit ones are expanded to f32 for each block of
 * rows, never inside the micro-kernel, whose registers are all taken.
 */
record PackedPanels(Packing packing, long address) implements PanelSource {

    /** Size of a panel of k rows in bytes. */
    static long panelBytes(DType format, int k) {
        return format.bytes((long) k * MicroKernel.COLUMNS);
    }

    @Override
    public PackedB panel(int batch, int from, int k, int column, int columns, long scratch) {
        DType format = packing.format();
        long panel = address + column / MicroKernel.COLUMNS * panelBytes(format, packing.k());
        long rows = panel + panelBytes(format, from);
        if (format == DType.F32) {
            return PackedB.panel(rows);
        }
        Expansion.halves(format, rows, k, scratch);
        return PackedB.panel(scratch);
    }

    @Override
    public long scratchBytes(int k) {
        return packing.format() == DType.F32 ? 0 : PackedB.scratchBytes(k, MicroKernel.COLUMNS);
    }

    @Override
    public boolean copies() {
        return packing.format() != DType.F32;
    }
}
