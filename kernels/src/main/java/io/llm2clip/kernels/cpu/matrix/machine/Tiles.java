package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.runtime.Memory;

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

    /**
     * Transposes 16 x 16 pairs.
     *
     * @param exist columns of the result that exist: rows to be read, the others counting as zeros
     * @param rows rows of the result to be written
     */
    static void transpose(long from, int exist, long to, int rows) {
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < LANES; column++) {
                int value = column < exist ? Memory.getInt(from + column * ROW + row * 4L) : 0;
                Memory.putInt(to + row * ROW + column * 4L, value);
            }
        }
    }
}
