package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;

/**
 * The innermost computation: a tile of {@link #ROWS} x {@link #COLUMNS} accumulators over k kept in registers.
 *
 * <p>{@code C[r][:] = sum_i A[i][r] * B[i][:]}, where B is a panel, {@code [k][COLUMNS]}, and C's rows are {@code cRow} bytes apart. A is read <em>packed</em>
 * ({@code [k][ROWS]}), by <em>columns</em> (the rows' values of one k adjacent, {@code aStep} bytes to the next k) or by
 * <em>rows</em> (the values of one row adjacent, {@code aRow} bytes to the next row). Each element is one chain of fused
 * multiply-adds in the order of k in all kernels, so they give the same bits.
 *
 * <p>The kernels call the Vector API directly, without helper methods, and do nothing but multiply and store. So much is
 * inlined into them that C2's budget for ordinary methods is spent, and one call left in the loop makes it a hundred times
 * slower; half as many rows again, and C1 runs out of virtual registers and the method is never compiled at all.
 */
final class MicroKernel {
    /**
     * Whether operands may be read where they are. With 16 vector registers the compiler manages only the packed layouts, whose
     * strides are constants.
     */
    static final boolean READS_IN_PLACE = LANES == 16;

    /** Rows of a tile. */
    static final int ROWS = READS_IN_PLACE ? 8 : 6;

    /** Columns of a tile. */
    static final int COLUMNS = 2 * LANES;

    private MicroKernel() {}

    static void packed(int k, long a, long b, long c, long cRow) {
        if (READS_IN_PLACE) {
            MicroKernel8.columns(k, a, ROWS * 4L, b, c, cRow);
        } else {
            MicroKernel6.packed(k, a, b, c, cRow);
        }
    }

    static void rows(int k, long a, long aRow, long b, long c, long cRow) {
        MicroKernel8.rows(k, a, aRow, b, c, cRow);
    }

    static void columns(int k, long a, long aStep, long b, long c, long cRow) {
        MicroKernel8.columns(k, a, aStep, b, c, cRow);
    }
}
