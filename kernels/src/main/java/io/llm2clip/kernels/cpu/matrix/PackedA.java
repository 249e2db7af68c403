package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.cpu.simd.Vectors;

/**
 * Rows of a left operand, ready for the tiles. What they can read in place is not copied.
 *
 * @param rows the first row
 * @param rowBytes bytes from one row to the next
 * @param inPlace how many rows the tiles may read by rows; the others are read by columns
 * @param panels where the panel of the first row's tile is, or would be
 * @param panelBytes bytes from one tile's panel to the next
 * @param step bytes from one step of a panel to the next
 */
record PackedA(long rows, long rowBytes, int inPlace, long panels, long panelBytes, long step) {

    /**
     * Any matrix.
     *
     * @param transposed whether it is stored as {@code [steps, rows]}
     * @param address its first element
     * @param stride bytes from one stored row to the next
     * @param scratch {@link #scratchBytes} bytes for what must be packed
     */
    static PackedA of(boolean transposed, long address, long stride, int rows, int steps, long scratch) {
        int inPlace = transposed || !Tile.READS_IN_PLACE ? 0 : rows - rows % Tile.ROWS;
        long step = Tile.ROWS * 4L;
        long panelBytes = steps * step;
        for (int r = inPlace; r < rows; r += Tile.ROWS) {
            int lanes = Math.min(Tile.ROWS, rows - r);
            long to = scratch + (r - inPlace) / Tile.ROWS * panelBytes;
            if (transposed) {
                Panels.copy(steps, lanes, Tile.ROWS, address + r * 4L, stride, to);
            } else {
                Panels.transpose(steps, lanes, Tile.ROWS, address + r * stride, stride, to);
            }
        }
        return new PackedA(address, stride, inPlace, scratch - inPlace / Tile.ROWS * panelBytes, panelBytes, step);
    }

    /** A matrix whose rows are readable up to a whole tile beyond the last. */
    static PackedA padded(long address, long stride, int rows, int steps, long scratch) {
        return Tile.READS_IN_PLACE
                ? new PackedA(address, stride, Integer.MAX_VALUE, 0, 0, 0)
                : of(false, address, stride, rows, steps, scratch);
    }

    /** A matrix stored transposed whose stored rows are readable up to a whole tile beyond the last element. */
    static PackedA paddedTransposed(long address, long stride, int rows, int steps, long scratch) {
        return Tile.READS_IN_PLACE
                ? new PackedA(0, 0, 0, address, Tile.ROWS * 4L, stride)
                : of(true, address, stride, rows, steps, scratch);
    }

    static long scratchBytes(boolean transposed, int rows, int steps) {
        int packed = transposed || !Tile.READS_IN_PLACE ? Math.ceilDiv(rows, Tile.ROWS) * Tile.ROWS : Tile.ROWS;
        return 4L * steps * packed + Vectors.BYTES;
    }

    /** Computes the tile of a row, which is a multiple of {@link Tile#ROWS}. */
    void tile(int row, int steps, long b, long bStep, long c, long cRow) {
        if (row + Tile.ROWS <= inPlace) {
            Tile.rows(steps, rows + row * rowBytes, rowBytes, b, bStep, c, cRow);
        } else {
            Tile.columns(steps, panels + row / Tile.ROWS * panelBytes, step, b, bStep, c, cRow);
        }
    }
}
