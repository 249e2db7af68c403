package io.llm2clip.kernels.vector;

import static io.llm2clip.kernels.vector.Vectors.BYTES;
import static io.llm2clip.kernels.vector.Vectors.LANES;
import static io.llm2clip.kernels.vector.Vectors.first;
import static io.llm2clip.kernels.vector.Vectors.load;
import static io.llm2clip.kernels.vector.Vectors.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Loops over one contiguous row: sums with four accumulators, as one would wait for its own additions, and the like. */
final class RowMath {
    private static final int UNROLL = 4 * LANES;

    private RowMath() {}

    static float sum(long x, int count) {
        FloatVector s0 = VectorMath.splat(0);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int i = 0;
        for (; i <= count - UNROLL; i += UNROLL, x += 4L * BYTES) {
            s0 = s0.add(load(x));
            s1 = s1.add(load(x + BYTES));
            s2 = s2.add(load(x + 2L * BYTES));
            s3 = s3.add(load(x + 3L * BYTES));
        }
        for (; i < count; i += LANES, x += BYTES) {
            s0 = s0.add(load(x, first(count - i)));
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3)));
    }

    /** {@code sum((x - centre)^2)}. */
    static float sumOfSquares(long x, float centre, int count) {
        FloatVector s0 = VectorMath.splat(0);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector c = VectorMath.splat(centre);
        int i = 0;
        for (; i <= count - UNROLL; i += UNROLL, x += 4L * BYTES) {
            FloatVector d0 = load(x).sub(c);
            FloatVector d1 = load(x + BYTES).sub(c);
            FloatVector d2 = load(x + 2L * BYTES).sub(c);
            FloatVector d3 = load(x + 3L * BYTES).sub(c);
            s0 = d0.fma(d0, s0);
            s1 = d1.fma(d1, s1);
            s2 = d2.fma(d2, s2);
            s3 = d3.fma(d3, s3);
        }
        for (; i < count; i += LANES, x += BYTES) {
            VectorMask<Float> mask = first(count - i);
            FloatVector d = load(x, mask).sub(c, mask);
            s0 = d.fma(d, s0);
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3)));
    }

    /** {@code sum(x * y)}. */
    static float dot(long x, long y, int count) {
        FloatVector s0 = VectorMath.splat(0);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int i = 0;
        for (; i <= count - UNROLL; i += UNROLL, x += 4L * BYTES, y += 4L * BYTES) {
            s0 = load(x).fma(load(y), s0);
            s1 = load(x + BYTES).fma(load(y + BYTES), s1);
            s2 = load(x + 2L * BYTES).fma(load(y + 2L * BYTES), s2);
            s3 = load(x + 3L * BYTES).fma(load(y + 3L * BYTES), s3);
        }
        for (; i < count; i += LANES, x += BYTES, y += BYTES) {
            VectorMask<Float> mask = first(count - i);
            s0 = load(x, mask).fma(load(y, mask), s0);
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3)));
    }

    /** Negative infinity for no elements; NaN if any is NaN. */
    static float max(long x, int count) {
        FloatVector m0 = VectorMath.splat(Float.NEGATIVE_INFINITY);
        FloatVector m1 = m0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES, x += 2L * BYTES) {
            m0 = m0.max(load(x));
            m1 = m1.max(load(x + BYTES));
        }
        for (; i < count; i += LANES, x += BYTES) {
            VectorMask<Float> mask = first(count - i);
            m0 = m0.lanewise(VectorOperators.MAX, load(x, mask), mask);
        }
        return m0.max(m1).reduceLanes(VectorOperators.MAX);
    }

    /** {@code sum(exp(x - shift))}. */
    static float sumOfExp(long x, float shift, int count) {
        FloatVector s0 = VectorMath.splat(0);
        FloatVector s1 = s0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES, x += 2L * BYTES) {
            s0 = s0.add(VectorMath.exp(load(x).sub(shift)));
            s1 = s1.add(VectorMath.exp(load(x + BYTES).sub(shift)));
        }
        for (; i < count; i += LANES, x += BYTES) {
            VectorMask<Float> mask = first(count - i);
            s0 = s0.add(VectorMath.exp(load(x, mask).sub(shift)), mask);
        }
        return Vectors.sum(s0.add(s1));
    }

    /** {@code out = exp(x - shift)}; returns the sum. */
    static float exp(long x, float shift, int count, long out) {
        FloatVector s0 = VectorMath.splat(0);
        FloatVector s1 = s0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES, x += 2L * BYTES, out += 2L * BYTES) {
            FloatVector e0 = VectorMath.exp(load(x).sub(shift));
            FloatVector e1 = VectorMath.exp(load(x + BYTES).sub(shift));
            store(e0, out);
            store(e1, out + BYTES);
            s0 = s0.add(e0);
            s1 = s1.add(e1);
        }
        for (; i < count; i += LANES, x += BYTES, out += BYTES) {
            VectorMask<Float> mask = first(count - i);
            FloatVector e = VectorMath.exp(load(x, mask).sub(shift));
            store(e, out, mask);
            s0 = s0.add(e, mask);
        }
        return Vectors.sum(s0.add(s1));
    }

    /** {@code x *= factor}. */
    static void scale(long x, float factor, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES, x += BYTES) {
            store(load(x).mul(factor), x);
        }
        if (i < count) {
            VectorMask<Float> mask = first(count - i);
            store(load(x, mask).mul(factor), x, mask);
        }
    }

    /** {@code sum += x}. */
    static void add(long sum, long x, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES, x += BYTES, sum += BYTES) {
            store(load(sum).add(load(x)), sum);
        }
        if (i < count) {
            VectorMask<Float> mask = first(count - i);
            store(load(sum, mask).add(load(x, mask)), sum, mask);
        }
    }
}
