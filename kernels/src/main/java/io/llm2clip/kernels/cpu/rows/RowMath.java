package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.cpu.simd.Vectors;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Loops over one contiguous row: sums with four accumulators, as one would wait for its own additions, and the like. */
final class RowMath {
    private static final int UNROLL = 4 * LANES;

    private RowMath() {}

    public static float sum(long x, int count) {
        FloatVector s0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int i = 0;
        for (; i <= count - UNROLL; i += UNROLL, x += 4L * BYTES) {
            s0 = s0.add(FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER));
            s1 = s1.add(FloatVector.fromMemorySegment(SPECIES, ALL, x + BYTES, ORDER));
            s2 = s2.add(FloatVector.fromMemorySegment(SPECIES, ALL, x + 2L * BYTES, ORDER));
            s3 = s3.add(FloatVector.fromMemorySegment(SPECIES, ALL, x + 3L * BYTES, ORDER));
        }
        for (; i < count; i += LANES, x += BYTES) {
            s0 = s0.add(FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, SPECIES.indexInRange(0, count - i)));
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3)));
    }

    /** {@code sum((x - centre)^2)}. */
    public static float sumOfSquares(long x, float centre, int count) {
        FloatVector s0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector c = FloatVector.broadcast(SPECIES, centre);
        int i = 0;
        for (; i <= count - UNROLL; i += UNROLL, x += 4L * BYTES) {
            FloatVector d0 =
                    FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER).sub(c);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + BYTES, ORDER)
                    .sub(c);
            FloatVector d2 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 2L * BYTES, ORDER)
                    .sub(c);
            FloatVector d3 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 3L * BYTES, ORDER)
                    .sub(c);
            s0 = d0.fma(d0, s0);
            s1 = d1.fma(d1, s1);
            s2 = d2.fma(d2, s2);
            s3 = d3.fma(d3, s3);
        }
        for (; i < count; i += LANES, x += BYTES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, count - i);
            FloatVector d =
                    FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask).sub(c, mask);
            s0 = d.fma(d, s0);
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3)));
    }

    /** {@code sum(x * y)}. */
    public static float dot(long x, long y, int count) {
        FloatVector s0 = FloatVector.broadcast(SPECIES, 0);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int i = 0;
        for (; i <= count - UNROLL; i += UNROLL, x += 4L * BYTES, y += 4L * BYTES) {
            s0 = FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, y, ORDER), s0);
            s1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + BYTES, ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, y + BYTES, ORDER), s1);
            s2 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 2L * BYTES, ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, y + 2L * BYTES, ORDER), s2);
            s3 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 3L * BYTES, ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, y + 3L * BYTES, ORDER), s3);
        }
        for (; i < count; i += LANES, x += BYTES, y += BYTES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, count - i);
            s0 = FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, y, ORDER, mask), s0);
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3)));
    }

    /** Negative infinity for no elements; NaN if any is NaN. */
    public static float max(long x, int count) {
        FloatVector m0 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        FloatVector m1 = m0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES, x += 2L * BYTES) {
            m0 = m0.max(FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER));
            m1 = m1.max(FloatVector.fromMemorySegment(SPECIES, ALL, x + BYTES, ORDER));
        }
        for (; i < count; i += LANES, x += BYTES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, count - i);
            m0 = m0.lanewise(VectorOperators.MAX, FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask), mask);
        }
        return m0.max(m1).reduceLanes(VectorOperators.MAX);
    }

    /** {@code sum(exp(x - shift))}. */
    public static float sumOfExp(long x, float shift, int count) {
        FloatVector sum = FloatVector.broadcast(SPECIES, 0);
        int i = 0;
        for (; i <= count - LANES; i += LANES, x += BYTES) {
            sum = sum.add(VectorMath.exp(
                    FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER).sub(shift)));
        }
        if (i < count) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, count - i);
            sum = sum.add(
                    VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask)
                            .sub(shift)),
                    mask);
        }
        return Vectors.sum(sum);
    }

    /** {@code out = exp(x - shift)}; returns the sum. */
    public static float exp(long x, float shift, int count, long out) {
        FloatVector sum = FloatVector.broadcast(SPECIES, 0);
        int i = 0;
        for (; i <= count - LANES; i += LANES, x += BYTES, out += BYTES) {
            FloatVector e = VectorMath.exp(
                    FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER).sub(shift));
            e.intoMemorySegment(ALL, out, ORDER);
            sum = sum.add(e);
        }
        if (i < count) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, count - i);
            FloatVector e = VectorMath.exp(
                    FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask).sub(shift));
            e.intoMemorySegment(ALL, out, ORDER, mask);
            sum = sum.add(e, mask);
        }
        return Vectors.sum(sum);
    }

    /** {@code x *= factor}. */
    public static void scale(long x, float factor, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES, x += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER).mul(factor).intoMemorySegment(ALL, x, ORDER);
        }
        if (i < count) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, count - i);
            FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask)
                    .mul(factor)
                    .intoMemorySegment(ALL, x, ORDER, mask);
        }
    }

    /** {@code sum += x}. */
    public static void add(long sum, long x, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES, x += BYTES, sum += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, sum, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER))
                    .intoMemorySegment(ALL, sum, ORDER);
        }
        if (i < count) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, count - i);
            FloatVector.fromMemorySegment(SPECIES, ALL, sum, ORDER, mask)
                    .add(FloatVector.fromMemorySegment(SPECIES, ALL, x, ORDER, mask))
                    .intoMemorySegment(ALL, sum, ORDER, mask);
        }
    }
}
