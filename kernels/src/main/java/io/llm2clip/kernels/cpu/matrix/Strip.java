package io.llm2clip.kernels.cpu.matrix;

import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;

import io.llm2clip.kernels.cpu.simd.Vectors;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Products of rows by one strip of columns. */
final class Strip {
    /** Memory for one tile that is not stored as it is: at the output's edge, or to be added to something. */
    static final long TILE_BYTES = Tile.ROWS * Tile.COLUMNS * 4L;

    private Strip() {}

    /**
     * {@code C = add + A B} for one strip.
     *
     * @param a the rows
     * @param rows how many
     * @param width columns that exist in C, at most {@link Tile#COLUMNS}
     * @param steps length of the sums
     * @param b the strip
     * @param bStep bytes from one step of the strip to the next
     * @param c where the result goes
     * @param cRow bytes from one row of the result to the next
     * @param add what is added, or 0; may be c
     * @param addRow bytes from one row of the addend to the next
     * @param edge scratch of {@link #TILE_BYTES}
     */
    static void multiply(
            PackedA a,
            int rows,
            int width,
            int steps,
            long b,
            long bStep,
            long c,
            long cRow,
            long add,
            long addRow,
            long edge) {
        for (int r = 0; r < rows; r += Tile.ROWS) {
            int height = Math.min(Tile.ROWS, rows - r);
            long addend = add == 0 ? 0 : add + r * addRow;
            boolean whole = height == Tile.ROWS && width == Tile.COLUMNS;
            if (whole && addend == 0) {
                a.tile(r, steps, b, bStep, c + r * cRow, cRow);
                continue;
            }
            a.tile(r, steps, b, bStep, edge, Tile.COLUMNS * 4L);
            if (whole) {
                add(edge, c + r * cRow, cRow, addend, addRow);
            } else {
                copy(edge, height, width, c + r * cRow, cRow, addend, addRow);
            }
        }
    }

    private static void add(long tile, long c, long cRow, long add, long addRow) {
        for (int r = 0; r < Tile.ROWS; r++) {
            long from = tile + r * (Tile.COLUMNS * 4L);
            FloatVector x = Vectors.load(from).add(Vectors.load(add + r * addRow));
            FloatVector y = Vectors.load(from + BYTES).add(Vectors.load(add + r * addRow + BYTES));
            Vectors.store(x, c + r * cRow);
            Vectors.store(y, c + r * cRow + BYTES);
        }
    }

    /** Stores the part of an edge tile that exists. */
    private static void copy(long edge, int height, int width, long c, long cRow, long add, long addRow) {
        for (int lane = 0; lane < width; lane += LANES) {
            VectorMask<Float> mask = Vectors.first(width - lane);
            for (int r = 0; r < height; r++) {
                FloatVector sum = Vectors.load(edge + (r * Tile.COLUMNS + lane) * 4L);
                if (add != 0) {
                    sum = sum.add(Vectors.load(add + r * addRow + lane * 4L, mask));
                }
                Vectors.store(sum, c + r * cRow + lane * 4L, mask);
            }
        }
    }
}
