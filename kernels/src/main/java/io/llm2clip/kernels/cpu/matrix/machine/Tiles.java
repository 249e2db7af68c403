package io.llm2clip.kernels.cpu.matrix.machine;

/** Sizes of the packed layout, which the rows of tiles and vectors of 512 bits give. */
final class Tiles {
    /** Lanes of 32 bits: columns of a tile of C, and pairs of a step. */
    static final int LANES = 16;
    /** Of k, in a step. */
    static final int STEP = 2 * LANES;
    /** Columns of a panel of B. */
    static final int COLUMNS = 2 * LANES;
    /** Bytes of a row of A, or of the pairs of 16 columns of B. */
    static final int ROW = 64;
    /** Bytes of 16 rows. */
    static final int TILE = LANES * ROW;

    private Tiles() {}

    /** Steps of a length; one of zeros for none, as kernels take at least one. */
    static int steps(int k) {
        return Math.max(1, Math.ceilDiv(k, STEP));
    }

    /** Bytes of a panel of rows, or of columns. */
    static long bytes(int rows, int steps, int parts) {
        return (long) rows * steps * parts * ROW;
    }
}
