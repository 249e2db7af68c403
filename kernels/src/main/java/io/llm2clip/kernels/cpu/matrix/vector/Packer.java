package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;

/**
 * Packs a transposed B, a weight stored as {@code [n, k]}, panel by panel: f32 as {@code [k][columns]}, 16-bit formats in the words
 * that {@link Expansion} reads. The words of each lane are gathered from the two rows of its columns and then transposed as floats are.
 */
final class Packer {
    private final Packing packing;
    private final DType format;
    private final long from;
    private final long rowBytes;
    private final long to;
    private final Workers workers;

    Packer(Packing packing, MatrixOperand b, long from, long to, Workers workers) {
        this.packing = packing;
        this.format = packing.format();
        this.from = from;
        this.rowBytes = format.bytes((long) b.leadingDimension());
        this.to = to;
        this.workers = workers;
    }

    /** Reads the rows in their order, apart from what the threads do at the same time. */
    void pack() {
        int panels = Math.ceilDiv(packing.n(), MicroKernel.COLUMNS);
        workers.parallel(panels, this::panel);
    }

    private void panel(int panel, int worker) {
        int column = panel * MicroKernel.COLUMNS;
        int columns = Math.min(MicroKernel.COLUMNS, packing.n() - column);
        long first = from + column * rowBytes;
        long target = to + panel * PackedPanels.panelBytes(format, packing.k());
        FloatCode code = FloatCode.ofThisProcess(Vectors.LANES);
        if (format == DType.F32 && code != null) {
            long call = workers.scratch(worker, FloatCode.CALL_BYTES);
            code.packColumns(DType.F32, true, first, rowBytes, columns, packing.k(), target, 0, call);
            return;
        }
        if (format == DType.F32) {
            Panels.transpose(packing.k(), columns, MicroKernel.COLUMNS, first, rowBytes, target);
            return;
        }
        int words = packing.k();
        long laneBytes = words * 4L;
        long scratch = workers.scratch(worker, laneBytes * Vectors.LANES + FloatCode.CALL_BYTES);
        for (int lane = 0; lane < Vectors.LANES; lane++) {
            long x = lane < columns ? first + lane * rowBytes : 0;
            int other = lane + Vectors.LANES;
            long y = other < columns ? first + other * rowBytes : 0;
            gather(x, y, scratch + lane * laneBytes);
        }
        if (code != null) {
            long call = scratch + laneBytes * Vectors.LANES;
            code.transpose(words, Vectors.LANES, scratch, laneBytes, target, Vectors.BYTES, call);
        } else {
            Panels.transpose(words, Vectors.LANES, Vectors.LANES, scratch, laneBytes, target);
        }
    }

    /** The words of one lane, of two rows; a row that does not exist is at 0, and so are its elements. */
    private void gather(long x, long y, long words) {
        for (int i = 0; i < packing.k(); i++) {
            Memory.putInt(words + i * 4L, half(x, i * 2L) | half(y, i * 2L) << 16);
        }
    }

    private static int half(long row, long offset) {
        return row == 0 ? 0 : ALL.get(JAVA_SHORT_UNALIGNED, row + offset) & 0xFFFF;
    }
}
