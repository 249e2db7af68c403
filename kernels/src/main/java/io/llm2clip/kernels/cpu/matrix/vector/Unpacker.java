package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.Packing;

/** Writes the rows of what {@link Packer} packed. */
final class Unpacker {
    private final Packing packing;
    private final long from;
    private final long to;

    Unpacker(Packing packing, long from, long to) {
        this.packing = packing;
        this.from = from;
        this.to = to;
    }

    void unpack(Workers workers) {
        workers.parallel(Math.ceilDiv(packing.n(), MicroKernel.COLUMNS), (panel, _) -> panel(panel));
    }

    private void panel(int panel) {
        DType format = packing.format();
        int k = packing.k();
        int column = panel * MicroKernel.COLUMNS;
        int columns = Math.min(MicroKernel.COLUMNS, packing.n() - column);
        long source = from + panel * PackedPanels.panelBytes(format, k);
        long rowBytes = format.bytes((long) k);
        long target = to + column * rowBytes;
        for (int i = 0; i < k; i++) {
            if (format == DType.F32) {
                long row = source + (long) i * MicroKernel.COLUMNS * Float.BYTES;
                for (int c = 0; c < columns; c++) {
                    Memory.putInt(target + c * rowBytes + i * 4L, Memory.getInt(row + c * 4L));
                }
            } else {
                // Two columns per word, as many apart as a vector has lanes.
                long row = source + (long) i * Vectors.BYTES;
                for (int c = 0; c < columns; c++) {
                    int word = Memory.getInt(row + c % Vectors.LANES * 4L);
                    short half = (short) (c < Vectors.LANES ? word : word >>> 16);
                    ALL.set(JAVA_SHORT, target + c * rowBytes + i * 2L, half);
                }
            }
        }
    }
}
