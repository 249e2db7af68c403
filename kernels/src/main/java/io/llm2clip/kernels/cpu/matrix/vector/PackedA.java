package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.runtime.ColdStart;
import io.llm2clip.kernels.cpu.simd.Vectors;
import org.jspecify.annotations.Nullable;

/**
 * Rows of A, ready for machine code or for the micro-kernels. Machine code reads packed tiles only. What micro-kernels can read in place is not
 * copied; rows that fill no tile they always read in place.
 *
 * @param address the first element
 * @param rowBytes bytes from one row to the next
 * @param kBytes bytes from one k to the next
 * @param panels where the tiles of rows were packed, {@code [k][ROWS]} each or as {@link FloatCode} has them, or 0 if they are read in place
 * @param code what multiplies the tiles, or null for micro-kernels
 */
record PackedA(
        long address,
        long rowBytes,
        long kBytes,
        long panels,
        @Nullable FloatCode code) {

    /**
     * Any matrix.
     *
     * @param transposed whether it is stored as {@code [k, rows]}
     * @param address its first element
     * @param stride bytes from one stored row to the next
     * @param scratch {@link #scratchBytes} bytes for what must be packed
     */
    static PackedA of(boolean transposed, long address, long stride, int rows, int k, long scratch) {
        FloatCode code = FloatCode.ofThisProcess(Vectors.LANES);
        if (code != null) {
            long tiles = scratch + FloatCode.CALL_BYTES;
            code.packRows(transposed, address, stride, rows, k, code.tiles(tiles, rows, k), scratch);
            return new PackedA(address, transposed ? 4 : stride, transposed ? stride : 4, tiles, code);
        }
        if (!packs(transposed, rows)) {
            return inPlace(transposed, address, stride);
        }
        long panelBytes = k * (MicroKernel.ROWS * 4L);
        for (int r = 0; r + MicroKernel.ROWS <= rows; r += MicroKernel.ROWS) {
            long to = scratch + r / MicroKernel.ROWS * panelBytes;
            if (transposed) {
                Panels.copy(k, MicroKernel.ROWS, MicroKernel.ROWS, address + r * 4L, stride, to);
            } else {
                Panels.transpose(k, MicroKernel.ROWS, MicroKernel.ROWS, address + r * stride, stride, to);
            }
        }
        return new PackedA(address, transposed ? 4 : stride, transposed ? stride : 4, scratch, null);
    }

    /** A matrix that is in cache already, so that micro-kernels may read even its columns in place; otherwise as {@link #of}. */
    static PackedA cached(boolean transposed, long address, long stride, int rows, int k, long scratch) {
        return MicroKernel.READS_IN_PLACE && FloatCode.ofThisProcess(Vectors.LANES) == null
                ? inPlace(transposed, address, stride)
                : of(transposed, address, stride, rows, k, scratch);
    }

    private static PackedA inPlace(boolean transposed, long address, long stride) {
        return new PackedA(address, transposed ? 4 : stride, transposed ? stride : 4, 0, null);
    }

    private static boolean packs(boolean transposed, int rows) {
        return rows >= MicroKernel.ROWS && (transposed || !MicroKernel.READS_IN_PLACE);
    }

    static long scratchBytes(int rows, int k) {
        return FloatCode.CALL_BYTES + 4L * k * rows;
    }

    /** Computes a tile of {@link MicroKernel#ROWS} rows from a multiple of that on. */
    void tile(int row, int k, long b, long c, long cRow) {
        if (ColdStart.isCold((long) MicroKernel.ROWS * MicroKernel.COLUMNS * k)) {
            boolean packed = panels != 0;
            ScalarTile.multiply(
                    MicroKernel.ROWS,
                    k,
                    packed ? panels + row * (k * 4L) : address + row * rowBytes,
                    packed ? 4 : rowBytes,
                    packed ? MicroKernel.ROWS * 4L : kBytes,
                    b,
                    c,
                    cRow);
        } else if (panels != 0) {
            MicroKernel.packed(k, panels + row * (k * 4L), b, c, cRow);
        } else if (kBytes == 4) {
            MicroKernel.rows(k, address + row * rowBytes, rowBytes, b, c, cRow);
        } else {
            MicroKernel.columns(k, address + row * rowBytes, kBytes, b, c, cRow);
        }
    }

    /** Computes 4, 2 or 1 rows. */
    void few(int row, int rows, int k, long b, long c, long cRow) {
        long a = address + row * rowBytes;
        if (ColdStart.isCold((long) rows * MicroKernel.COLUMNS * k)) {
            ScalarTile.multiply(rows, k, a, rowBytes, kBytes, b, c, cRow);
            return;
        }
        switch (rows) {
            case 4 -> MicroKernelFew.four(k, a, rowBytes, kBytes, b, c, cRow);
            case 2 -> MicroKernelFew.two(k, a, rowBytes, kBytes, b, c, cRow);
            default -> MicroKernelFew.one(k, a, kBytes, b, c);
        }
    }
}
