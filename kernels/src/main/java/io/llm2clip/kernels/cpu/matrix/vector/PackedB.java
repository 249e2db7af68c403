package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.DType;
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
        return pack(transposed, address, stride, k, columns, scratch + FloatCode.CALL_BYTES, scratch);
    }

    /**
     * The same.
     *
     * @param to where the panels go
     * @param call memory for arguments of machine code
     */
    static PackedB pack(boolean transposed, long address, long stride, int k, int columns, long to, long call) {
        FloatCode code = FloatCode.ofThisProcess(Vectors.LANES);
        if (code != null) {
            code.packColumns(DType.F32, transposed, address, stride, columns, k, to, k * ROW, call);
            return new PackedB(to, k * ROW);
        }
        return each(k, columns, to, (column, lanes, panel) -> {
            if (transposed) {
                Panels.transpose(k, lanes, MicroKernel.COLUMNS, address + column * stride, stride, panel);
            } else {
                Panels.copy(k, lanes, MicroKernel.COLUMNS, address + column * 4L, stride, panel);
            }
        });
    }

    /** Makes a panel. */
    interface Maker {
        /** @param column its first one, of those that are asked for */
        void make(int column, int columns, long to);
    }

    /** Makes panels one by one. */
    static PackedB each(int k, int columns, long to, Maker maker) {
        for (int column = 0; column < columns; column += MicroKernel.COLUMNS) {
            int some = Math.min(MicroKernel.COLUMNS, columns - column);
            maker.make(column, some, to + column / MicroKernel.COLUMNS * (k * ROW));
        }
        return new PackedB(to, k * ROW);
    }

    /** Bytes of panels. */
    static long bytes(int k, int columns) {
        return 4L * k * padded(columns);
    }

    /** Bytes that {@link #of} takes. */
    static long scratchBytes(int k, int columns) {
        return FloatCode.CALL_BYTES + bytes(k, columns) + Vectors.BYTES;
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
