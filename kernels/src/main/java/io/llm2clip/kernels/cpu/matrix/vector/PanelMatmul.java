package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;

import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.matrix.f32.TileOutput;
import io.llm2clip.kernels.cpu.simd.Vectors;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Rows of A times one panel of B. */
final class PanelMatmul {
    /** Memory for one tile that is not stored as it is, at the output's edge or to be added to something; or for a call of machine code. */
    static final long TILE_BYTES = Math.max(MicroKernel.ROWS * MicroKernel.COLUMNS * 4L, FloatCode.CALL_BYTES);

    private static final long TILE_ROW = MicroKernel.COLUMNS * 4L;

    private PanelMatmul() {}

    /**
     * {@code C = add + A B} for one panel.
     *
     * @param a the rows
     * @param rows how many
     * @param columns columns that exist in C, at most {@link MicroKernel#COLUMNS}
     * @param k length of the sums
     * @param b the panel
     * @param c where the result goes
     * @param cRow bytes from one row of the result to the next
     * @param add what is added, or 0; may be c
     * @param addRow bytes from one row of the addend to the next
     * @param edge scratch of {@link #TILE_BYTES}
     */
    static void multiply(
            PackedA a, int rows, int columns, int k, long b, long c, long cRow, long add, long addRow, long edge) {
        FloatCode code = a.code();
        if (code != null) {
            TileOutput output = new TileOutput(c, cRow, add, addRow);
            code.multiply(code.tiles(a.panels(), rows, k), rows, columns, k, b, 0, output, edge);
            return;
        }
        boolean direct = columns == MicroKernel.COLUMNS && add == 0;
        for (int r = 0; r < rows; ) {
            int height = height(rows - r);
            long to = c + r * cRow;
            long tile = direct ? to : edge;
            long tileRow = direct ? cRow : TILE_ROW;
            if (height == MicroKernel.ROWS) {
                a.tile(r, k, b, tile, tileRow);
            } else {
                a.few(r, height, k, b, tile, tileRow);
            }
            if (!direct) {
                long addend = add == 0 ? 0 : add + r * addRow;
                if (columns == MicroKernel.COLUMNS) {
                    add(edge, height, to, cRow, addend, addRow);
                } else {
                    copy(edge, height, columns, to, cRow, addend, addRow);
                }
            }
            r += height;
        }
    }

    /** Rows of the next tile: all of one, or the largest of the kernels for few. */
    private static int height(int left) {
        return left >= MicroKernel.ROWS ? MicroKernel.ROWS : Math.min(4, Integer.highestOneBit(left));
    }

    private static void add(long tile, int height, long c, long cRow, long add, long addRow) {
        for (int r = 0; r < height; r++) {
            long from = tile + r * TILE_ROW;
            FloatVector x = Vectors.load(from).add(Vectors.load(add + r * addRow));
            FloatVector y = Vectors.load(from + BYTES).add(Vectors.load(add + r * addRow + BYTES));
            Vectors.store(x, c + r * cRow);
            Vectors.store(y, c + r * cRow + BYTES);
        }
    }

    /** Stores the part of a tile that exists. */
    private static void copy(long tile, int height, int columns, long c, long cRow, long add, long addRow) {
        for (int lane = 0; lane < columns; lane += LANES) {
            VectorMask<Float> mask = Vectors.first(columns - lane);
            for (int r = 0; r < height; r++) {
                FloatVector sum = Vectors.load(tile + r * TILE_ROW + lane * 4L);
                if (add != 0) {
                    sum = sum.add(Vectors.load(add + r * addRow + lane * 4L, mask));
                }
                Vectors.store(sum, c + r * cRow + lane * 4L, mask);
            }
        }
    }
}
