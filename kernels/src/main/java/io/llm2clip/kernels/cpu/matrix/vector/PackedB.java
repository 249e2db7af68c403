package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.simd.Vectors;

/**
 * B as f32 panels of {@link MicroKernel#COLUMNS} columns.
 *
 * @param address the first panel
 * @param panelBytes bytes from one panel to the next
 */
record PackedB(long address, long panelBytes) {
    private static final long ROW = MicroKernel.COLUMNS * 4L;

    /**
     * Packs any matrix. Reading it in place would be possible with 32 vector registers, but rows are often a multiple of 4 KiB apart
     * and then share few sets of the caches.
     *
     * @param transposed whether it is stored as {@code [columns, k]}
     * @param address its first element
     * @param stride bytes from one stored row to the next
     * @param scratch {@link #scratchBytes} bytes
     */
    static PackedB of(boolean transposed, long address, long stride, int k, int columns, long scratch) {
        FloatCode code = FloatCode.ofThisProcess(Vectors.LANES);
        long panels = code == null ? scratch : scratch + FloatCode.CALL_BYTES;
        for (int column = 0; column < columns; column += MicroKernel.COLUMNS) {
            long to = panels + 4L * column * k;
            int lanes = Math.min(MicroKernel.COLUMNS, columns - column);
            if (code != null) {
                long from = address + column * (transposed ? stride : 4L);
                code.packColumns(transposed, from, stride, lanes, k, to, scratch);
            } else if (transposed) {
                Panels.transpose(k, lanes, MicroKernel.COLUMNS, address + column * stride, stride, to);
            } else {
                Panels.copy(k, lanes, MicroKernel.COLUMNS, address + column * 4L, stride, to);
            }
        }
        return new PackedB(panels, k * ROW);
    }

    /** One panel that is packed already. */
    static PackedB panel(long address) {
        return new PackedB(address, 0);
    }

    static long scratchBytes(int k, int columns) {
        return FloatCode.CALL_BYTES + 4L * k * padded(columns) + Vectors.BYTES;
    }

    /** Columns rounded up to whole panels. */
    static int padded(int columns) {
        return Math.ceilDiv(columns, MicroKernel.COLUMNS) * MicroKernel.COLUMNS;
    }

    /** Address of a panel. */
    long panelAt(int index) {
        return address + index * panelBytes;
    }
}
