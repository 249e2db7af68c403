package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Reductions along rows ({@code inner == 1}) or columns. A long extent is cut into chunks of a size that depends on the shape
 * only; their partial results are then reduced in order.
 */
public final class ReduceKernel implements Launch {
    private static final int CHUNK_ELEMENTS = 16_384;

    private final boolean sum;
    private final int outer;
    private final int extent;
    private final int inner;
    private final int chunk;
    private final int chunks;
    private final long in;
    private final long out;
    private final Workers workers;
    private final Scratch partials;

    public ReduceKernel(Reduce op, long[] addresses, Workers workers) {
        sum = op.reduction() == Reduction.SUM;
        outer = op.outer();
        extent = op.extent();
        inner = op.inner();
        // At least 64 deep, so that the second pass over the partial results stays small.
        chunk = Math.max(64, CHUNK_ELEMENTS / Math.max(1, inner));
        chunks = Math.max(1, Math.ceilDiv(extent, chunk));
        in = addresses[0];
        out = addresses[1];
        this.workers = workers;
        partials = new Scratch(chunks == 1 ? 0 : (long) outer * chunks * inner * Float.BYTES);
    }

    @Override
    public void run() {
        long units = inner == 0 ? 0 : (long) outer * chunks;
        Ranges.run(workers, units, (long) Math.min(chunk, extent) * inner, (from, to, worker) -> {
            for (long unit = from; unit < to; unit++) {
                long start = unit % chunks * chunk;
                long source = in + (unit / chunks * extent + start) * inner * Float.BYTES;
                long target = (chunks == 1 ? out : partials.address()) + unit * inner * Float.BYTES;
                reduce(source, (int) Math.min(chunk, extent - start), target);
            }
        });
        if (chunks > 1 && inner > 0) {
            for (int o = 0; o < outer; o++) {
                long row = (long) o * inner * Float.BYTES;
                reduce(partials.address() + row * chunks, chunks, out + row);
            }
        }
        partials.keepAlive();
    }

    private void reduce(long source, int count, long target) {
        if (inner == 1) {
            Memory.putFloat(target, sum ? RowMath.sum(source, count) : RowMath.max(source, count));
            return;
        }
        int i = 0;
        for (; i <= inner - 4 * LANES; i += 4 * LANES) {
            wideStrip(source + (long) i * Float.BYTES, count, target + (long) i * Float.BYTES);
        }
        for (; i < inner; i += LANES) {
            strip(
                    source + (long) i * Float.BYTES,
                    count,
                    target + (long) i * Float.BYTES,
                    SPECIES.indexInRange(0, inner - i));
        }
    }

    /** Four vectors of columns. */
    private void wideStrip(long source, int count, long target) {
        long step = (long) inner * Float.BYTES;
        FloatVector r0 = FloatVector.broadcast(SPECIES, sum ? 0 : Float.NEGATIVE_INFINITY);
        FloatVector r1 = r0;
        FloatVector r2 = r0;
        FloatVector r3 = r0;
        if (sum) {
            for (int i = 0; i < count; i++, source += step) {
                r0 = r0.add(FloatVector.fromMemorySegment(SPECIES, ALL, source, ORDER));
                r1 = r1.add(FloatVector.fromMemorySegment(SPECIES, ALL, source + BYTES, ORDER));
                r2 = r2.add(FloatVector.fromMemorySegment(SPECIES, ALL, source + 2L * BYTES, ORDER));
                r3 = r3.add(FloatVector.fromMemorySegment(SPECIES, ALL, source + 3L * BYTES, ORDER));
            }
        } else {
            for (int i = 0; i < count; i++, source += step) {
                r0 = r0.max(FloatVector.fromMemorySegment(SPECIES, ALL, source, ORDER));
                r1 = r1.max(FloatVector.fromMemorySegment(SPECIES, ALL, source + BYTES, ORDER));
                r2 = r2.max(FloatVector.fromMemorySegment(SPECIES, ALL, source + 2L * BYTES, ORDER));
                r3 = r3.max(FloatVector.fromMemorySegment(SPECIES, ALL, source + 3L * BYTES, ORDER));
            }
        }
        r0.intoMemorySegment(ALL, target, ORDER);
        r1.intoMemorySegment(ALL, target + BYTES, ORDER);
        r2.intoMemorySegment(ALL, target + 2L * BYTES, ORDER);
        r3.intoMemorySegment(ALL, target + 3L * BYTES, ORDER);
    }

    private void strip(long source, int count, long target, VectorMask<Float> mask) {
        long step = (long) inner * Float.BYTES;
        FloatVector result = FloatVector.broadcast(SPECIES, sum ? 0 : Float.NEGATIVE_INFINITY);
        for (int i = 0; i < count; i++, source += step) {
            FloatVector value = FloatVector.fromMemorySegment(SPECIES, ALL, source, ORDER, mask);
            result = sum ? result.add(value) : result.lanewise(VectorOperators.MAX, value);
        }
        result.intoMemorySegment(ALL, target, ORDER, mask);
    }
}
