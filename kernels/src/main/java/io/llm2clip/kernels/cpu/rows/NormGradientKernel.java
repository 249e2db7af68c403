package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.NormOp;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Gradients of the normalizations. With {@code n} the normalized row and {@code g = dy * weight}:
 * {@code dx = (g - mean(g) - n mean(g n)) / deviation}, without mean(g) for the root-mean-square norm.
 *
 * <p>The gradients of weight and bias are sums over all rows: each chunk of rows, of a size that depends on the shape only,
 * has a partial sum of its own, and these are added in order.
 */
public final class NormGradientKernel implements Launch {
    private static final int MAX_CHUNKS = 32;
    private static final int MIN_ROWS = 16;

    private final int rows;
    private final int columns;
    private final float epsilon;
    private final boolean centered;
    private final long x;
    private final long weight;
    private final long dy;
    private final long dx;
    /** Addresses of dweight and, if centered, dbias; none if they are not asked for. */
    private final long[] sums;

    private final Workers workers;
    private final int chunkRows;
    private final int chunks;
    private final long partialBytes;
    private final Scratch partials;

    private NormGradientKernel(
            int rows, int columns, float epsilon, boolean centered, long[] addresses, Workers workers) {
        this.rows = rows;
        this.columns = columns;
        this.epsilon = epsilon;
        this.centered = centered;
        this.x = addresses[0];
        this.weight = addresses[1];
        this.dy = addresses[2];
        this.dx = addresses[3];
        this.sums = Arrays.copyOfRange(addresses, 4, addresses.length);
        this.workers = workers;
        chunkRows = Math.max(MIN_ROWS, Math.ceilDiv(rows, MAX_CHUNKS));
        chunks = Math.ceilDiv(rows, chunkRows);
        partialBytes = (long) sums.length * columns * Float.BYTES;
        partials = new Scratch(chunks * partialBytes);
    }

    public static Launch layerNorm(NormOp.LayerNormGradient op, long[] addresses, Workers workers) {
        return new NormGradientKernel(op.rows(), op.columns(), op.epsilon(), true, addresses, workers);
    }

    public static Launch rmsNorm(NormOp.RmsNormGradient op, long[] addresses, Workers workers) {
        return new NormGradientKernel(op.rows(), op.columns(), op.epsilon(), false, addresses, workers);
    }

    @Override
    public void run() {
        Ranges.run(workers, chunks, 6L * chunkRows * columns, (from, to, worker) -> {
            for (long chunk = from; chunk < to; chunk++) {
                chunk((int) chunk);
            }
        });
        long rowBytes = (long) columns * Float.BYTES;
        for (int s = 0; s < sums.length; s++) {
            Memory.ALL.asSlice(sums[s], rowBytes).fill((byte) 0);
            for (int chunk = 0; chunk < chunks; chunk++) {
                RowMath.add(sums[s], partials.address() + chunk * partialBytes + s * rowBytes, columns);
            }
        }
        partials.keepAlive();
    }

    private void chunk(int chunk) {
        long dweight = partials.address() + chunk * partialBytes;
        Memory.ALL.asSlice(dweight, partialBytes).fill((byte) 0);
        for (long row = (long) chunk * chunkRows; row < Math.min(rows, (chunk + 1L) * chunkRows); row++) {
            long start = row * columns * Float.BYTES;
            float mean = centered ? RowMath.sum(x + start, columns) / columns : 0;
            float inverse = NormRows.inverseDeviation(x + start, mean, columns, epsilon);
            if (sums.length > 0) {
                parameterGradients(x + start, dy + start, mean, inverse, dweight);
            }
            float meanG = centered ? RowMath.dot(dy + start, weight, columns) / columns : 0;
            float meanGN = meanGN(x + start, dy + start, mean, inverse);
            inputGradient(x + start, dy + start, mean, inverse, meanG, meanGN, dx + start);
        }
    }

    private void parameterGradients(long x, long dy, float mean, float inverse, long dweight) {
        long dbias = dweight + (long) columns * Float.BYTES;
        for (int i = 0; i < columns; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, columns - i);
            long at = (long) i * Float.BYTES;
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, dy + at, ORDER, mask);
            FloatVector normalized = FloatVector.fromMemorySegment(SPECIES, ALL, x + at, ORDER, mask)
                    .sub(mean)
                    .mul(inverse);
            d.fma(normalized, FloatVector.fromMemorySegment(SPECIES, ALL, dweight + at, ORDER, mask))
                    .intoMemorySegment(ALL, dweight + at, ORDER, mask);
            if (centered) {
                d.add(FloatVector.fromMemorySegment(SPECIES, ALL, dbias + at, ORDER, mask))
                        .intoMemorySegment(ALL, dbias + at, ORDER, mask);
            }
        }
    }

    // A loop a method: with two of them in one, the JVM's first compiler runs out of registers, and may leave it
    // interpreted for good.
    private float meanGN(long x, long dy, float mean, float inverse) {
        FloatVector sum = FloatVector.broadcast(SPECIES, 0);
        for (int i = 0; i < columns; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, columns - i);
            long at = (long) i * Float.BYTES;
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, dy + at, ORDER, mask)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, weight + at, ORDER, mask));
            FloatVector normalized = FloatVector.fromMemorySegment(SPECIES, ALL, x + at, ORDER, mask)
                    .sub(mean)
                    .mul(inverse);
            sum = g.fma(normalized, sum);
        }
        return Vectors.sum(sum) / columns;
    }

    private void inputGradient(long x, long dy, float mean, float inverse, float meanG, float meanGN, long dx) {
        FloatVector negativeMeanGN = FloatVector.broadcast(SPECIES, -meanGN);
        for (int i = 0; i < columns; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, columns - i);
            long at = (long) i * Float.BYTES;
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, dy + at, ORDER, mask)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, weight + at, ORDER, mask));
            FloatVector normalized = FloatVector.fromMemorySegment(SPECIES, ALL, x + at, ORDER, mask)
                    .sub(mean)
                    .mul(inverse);
            normalized.fma(negativeMeanGN, g.sub(meanG)).mul(inverse).intoMemorySegment(ALL, dx + at, ORDER, mask);
        }
    }
}
