package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;

/** Where a matmul gets the panels of B from, some panels of one range of k at a time. */
interface PanelSource {

    /**
     * Panels as machine code and the micro-kernels read them: of f32.
     *
     * @param batch which matrix
     * @param from first k, a multiple of {@link Blocks#K_GRAIN}
     * @param k how many
     * @param column first column, a multiple of {@link MicroKernel#COLUMNS}
     * @param columns how many there are
     * @param to where panels go that are not in memory in this form, of {@link PackedB#bytes}; ignored unless this {@link #copies}
     * @param scratch {@link #scratchBytes} bytes, needed meanwhile
     */
    PackedB panels(int batch, int from, int k, int column, int columns, long to, long scratch);

    /** Bytes that are needed to make panels of so many columns and up to k rows. */
    long scratchBytes(int k, int columns);

    /** Whether panels are made again each time they are asked for. */
    boolean copies();

    /** Of a matrix at an address. */
    static PanelSource of(MatrixOperand b, long address) {
        Packing packing = b.packing();
        if (packing == null) {
            return new StridedPanels(b, address);
        }
        return packing.format().isQuantized()
                ? new QuantizedPanels(packing, address)
                : new PackedPanels(packing, address);
    }
}
