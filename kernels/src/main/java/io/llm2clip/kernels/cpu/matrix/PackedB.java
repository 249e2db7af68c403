package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.cpu.simd.Vectors;

/**
 * A right operand as strips of {@link Tile#COLUMNS} columns.
 *
 * @param address the first strip
 * @param stripBytes bytes from one strip to the next
 * @param step bytes from one step of a strip to the next
 */
record PackedB(long address, long stripBytes, long step) {

    /**
     * Any matrix; it is packed unless the tiles can read it in place.
     *
     * @param transposed whether it is stored as {@code [columns, steps]}
     * @param address its first element
     * @param stride bytes from one stored row to the next
     * @param scratch {@link #scratchBytes} bytes
     */
    static PackedB of(boolean transposed, long address, long stride, int steps, int columns, long scratch) {
        long width = Tile.COLUMNS * 4L;
        if (Tile.READS_IN_PLACE && !transposed && columns % Tile.COLUMNS == 0) {
            return new PackedB(address, width, stride);
        }
        for (int column = 0; column < columns; column += Tile.COLUMNS) {
            long to = scratch + 4L * column * steps;
            int lanes = Math.min(Tile.COLUMNS, columns - column);
            if (transposed) {
                Panels.transpose(steps, lanes, Tile.COLUMNS, address + column * stride, stride, to);
            } else {
                Panels.copy(steps, lanes, Tile.COLUMNS, address + column * 4L, stride, to);
            }
        }
        return new PackedB(scratch, steps * width, width);
    }

    static long scratchBytes(int steps, int columns) {
        return 4L * steps * padded(columns) + Vectors.BYTES;
    }

    /** Columns rounded up to whole strips. */
    static int padded(int columns) {
        return Math.ceilDiv(columns, Tile.COLUMNS) * Tile.COLUMNS;
    }

    long strip(int index) {
        return address + index * stripBytes;
    }
}
