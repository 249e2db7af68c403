package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;

import io.llm2clip.kernels.cpu.matrix.BlockPanels;
import io.llm2clip.kernels.operations.Packing;

/** Panels of a B that is packed as {@link BlockPanels}, expanded to f32 for each block of rows. */
record QuantizedPanels(Packing packing, long address) implements PanelSource {

    @Override
    public PackedB panels(int batch, int from, int k, int column, int columns, long to, long scratch) {
        return PackedB.each(k, columns, to, (first, _, panel) -> panel(from, k, column + first, panel));
    }

    private void panel(int from, int k, int column, long to) {
        long panelBytes = BlockPanels.panelBytes(packing.format(), packing.k() / BlockPanels.STEP);
        long first = BlockPanels.panelBytes(packing.format(), from / BlockPanels.STEP);
        int vectors = MicroKernel.COLUMNS / LANES;
        for (int vector = 0; vector < vectors; vector++) {
            int at = column + vector * LANES;
            long lanes = to + (long) vector * BYTES;
            if (at / BlockPanels.COLUMNS * BlockPanels.COLUMNS < packing.n()) {
                long panel = address + at / BlockPanels.COLUMNS * panelBytes + first;
                Expansion.blocks(packing.format(), panel, at % BlockPanels.COLUMNS, k / BlockPanels.STEP, lanes);
            } else {
                for (int row = 0; row < k; row++) {
                    ALL.asSlice(lanes + (long) row * vectors * BYTES, BYTES).fill((byte) 0);
                }
            }
        }
    }

    @Override
    public long scratchBytes(int k, int columns) {
        return 0;
    }

    @Override
    public boolean copies() {
        return true;
    }
}
