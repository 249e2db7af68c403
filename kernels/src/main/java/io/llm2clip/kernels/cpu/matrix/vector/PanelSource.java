package io.llm2clip.kernels.cpu.matrix.vector;

/** Where a matmul gets the panels of B from, one panel of one range of k at a time. */
interface PanelSource {

    /**
     * A panel as the micro-kernels read it: of f32.
     *
     * @param batch which matrix
     * @param from first k, a multiple of {@link Blocks#K_GRAIN}
     * @param k how many
     * @param column first column, a multiple of {@link MicroKernel#COLUMNS}
     * @param columns how many there are, at most that
     * @param scratch {@link #scratchBytes} bytes, for a panel that is not in memory in this form
     */
    PackedB panel(int batch, int from, int k, int column, int columns, long scratch);

    /** Bytes that panels of up to k rows take. */
    long scratchBytes(int k);

    /** Whether panels are made in scratch memory, again for each block of rows. */
    boolean copies();
}
