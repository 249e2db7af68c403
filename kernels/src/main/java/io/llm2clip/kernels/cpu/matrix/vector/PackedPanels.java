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
    public PackedB panels(int batch, int from, int k, int column, int columns, long to, long scratch) {
        DType format = packing.format();
        long panelBytes = panelBytes(format, packing.k());
        long rows = address + column / MicroKernel.COLUMNS * panelBytes + panelBytes(format, from);
        if (format == DType.F32) {
            return new PackedB(rows, panelBytes);
        }
        return PackedB.each(
                k,
                columns,
                to,
                (first, _, panel) ->
                        Expansion.halves(format, rows + first / MicroKernel.COLUMNS * panelBytes, k, panel));
    }

    @Override
    public long scratchBytes(int k, int columns) {
        return 0;
    }

    @Override
    public boolean copies() {
        return packing.format() != DType.F32;
    }
}
