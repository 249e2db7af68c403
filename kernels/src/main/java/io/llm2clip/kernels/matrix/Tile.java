package io.llm2clip.kernels.matrix;

import static io.llm2clip.kernels.vector.VectorMath.SPECIES;
import static io.llm2clip.kernels.vector.Vectors.BYTES;
import static io.llm2clip.kernels.vector.Vectors.LANES;
import static io.llm2clip.kernels.vector.Vectors.load;

import io.llm2clip.kernels.vector.Memory;
import io.llm2clip.kernels.vector.Vectors;
import jdk.incubator.vector.FloatVector;

/**
 * The innermost computation: a tile of {@link #ROWS} x {@link #COLUMNS} sums over k kept in registers.
 *
 * <p>{@code C[r][:] = add[r][:] + sum_i A[i][r] * B[i][:]}, where B's rows are {@code bStep} bytes apart, C's {@code cRow} and
 * the addend's {@code addRow} (0 for a bias; without an addend {@code add} is 0). A is read in one of two layouts: by
 * <em>columns</em> (the rows' values of one i adjacent, {@code aStep} bytes to the next i) or by <em>rows</em> (the
 * values of one row adjacent, {@code aRow} bytes to the next row). Each element is one chain of fused multiply-adds in the
 * order of i in all kernels, so they give the same bits.
 */
final class Tile {
    /** Whether A may be read by rows, without packing: that takes one address register a row and no spare vector register. */
    static final boolean READS_ROWS = LANES == 16;

    /** Rows of a tile. */
    static final int ROWS = READS_ROWS ? 12 : 6;

    /** Columns of a tile. */
    static final int COLUMNS = 2 * LANES;

    private Tile() {}

    static void rows(int k, long a, long aRow, long b, long bStep, long c, long cRow, long add, long addRow) {
        Tile12.rows(k, a, aRow, b, bStep, c, cRow, add, addRow);
    }

    static void columns(int k, long a, long aStep, long b, long bStep, long c, long cRow, long add, long addRow) {
        if (READS_ROWS) {
            Tile12.columns(k, a, aStep, b, bStep, c, cRow, add, addRow);
        } else {
            Tile6.columns(k, a, aStep, b, bStep, c, cRow, add, addRow);
        }
    }

    static FloatVector splat(long address) {
        return FloatVector.broadcast(SPECIES, Memory.getFloat(address));
    }

    static void store(FloatVector x, FloatVector y, long address) {
        Vectors.store(x, address);
        Vectors.store(y, address + BYTES);
    }

    static void add(FloatVector x, FloatVector y, long address, long addend) {
        store(x.add(load(addend)), y.add(load(addend + BYTES)), address);
    }
}
