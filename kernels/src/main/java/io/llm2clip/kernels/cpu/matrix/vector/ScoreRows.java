package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.load;
import static io.llm2clip.kernels.cpu.simd.Vectors.store;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.cpu.simd.Vectors;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** The softmax between the two matmuls of an attention, on one row of scores in scratch memory of whole vectors. */
final class ScoreRows {

    private ScoreRows() {}

    /**
     * {@code s = exp(scale * (s - max(s)))} for the visible keys, 0 beyond them.
     *
     * @param s the scores
     * @param visible how many keys the query sees, at least 1
     * @param width whole vectors to be overwritten
     * @return the sum of the row
     */
    static float exponentials(long s, int visible, int width, float scale) {
        // Subtracted before it is scaled, so that no power is above 1: of large scores rounding alone would overflow.
        float max = scale < 0 ? -max(s, visible, -1) : max(s, visible, 1);
        FloatVector sum = FloatVector.zero(VectorMath.SPECIES);
        int j = 0;
        for (; j <= visible - LANES; j += LANES) {
            long at = s + j * 4L;
            FloatVector e = VectorMath.exp(load(at).sub(max).mul(scale));
            store(e, at);
            sum = sum.add(e);
        }
        if (j < visible) {
            VectorMask<Float> mask = Vectors.first(visible - j);
            long at = s + j * 4L;
            FloatVector e = VectorMath.exp(load(at).sub(max).mul(scale));
            e = FloatVector.zero(VectorMath.SPECIES).blend(e, mask);
            store(e, at);
            sum = sum.add(e);
            j += LANES;
        }
        for (; j < width; j += LANES) {
            store(FloatVector.zero(VectorMath.SPECIES), s + j * 4L);
        }
        return Vectors.sum(sum);
    }

    /** Of scores times a sign. */
    private static float max(long s, int visible, float sign) {
        FloatVector max = FloatVector.broadcast(VectorMath.SPECIES, Float.NEGATIVE_INFINITY);
        int j = 0;
        for (; j <= visible - LANES; j += LANES) {
            max = max.max(load(s + j * 4L).mul(sign));
        }
        if (j < visible) {
            max = max.blend(max.max(load(s + j * 4L).mul(sign)), Vectors.first(visible - j));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    /** {@code x *= factor}, of any length. */
    static void scale(long x, int count, float factor) {
        for (int j = 0; j < count; j += LANES) {
            long at = x + j * 4L;
            if (j <= count - LANES) {
                store(load(at).mul(factor), at);
            } else {
                VectorMask<Float> mask = Vectors.first(count - j);
                store(load(at, mask).mul(factor), at, mask);
            }
        }
    }

    /**
     * {@code ds = scale * p * (dp - sum(p * dp))}, in place of dp, for the visible keys, and 0 beyond them, whatever is there.
     *
     * @param width whole vectors to be overwritten
     */
    static void gradient(long p, long dp, int visible, int width, float scale) {
        int rest = visible % LANES;
        int whole = visible - rest;
        VectorMask<Float> mask = Vectors.first(rest);
        FloatVector products = FloatVector.zero(VectorMath.SPECIES);
        for (int j = 0; j < whole; j += LANES) {
            products = load(p + j * 4L).fma(load(dp + j * 4L), products);
        }
        if (rest > 0) {
            products = load(p + whole * 4L, mask).fma(load(dp + whole * 4L, mask), products);
        }
        float delta = Vectors.sum(products);
        for (int j = 0; j < whole; j += LANES) {
            long at = dp + j * 4L;
            store(load(at).sub(delta).mul(load(p + j * 4L)).mul(scale), at);
        }
        int j = whole;
        if (rest > 0) {
            long at = dp + j * 4L;
            FloatVector seen = load(at).sub(delta).mul(load(p + j * 4L)).mul(scale);
            store(FloatVector.zero(VectorMath.SPECIES).blend(seen, mask), at);
            j += LANES;
        }
        for (; j < width; j += LANES) {
            store(FloatVector.zero(VectorMath.SPECIES), dp + j * 4L);
        }
    }

    /** {@code x = 0} for rows of a matrix. */
    static void clear(long x, int rows, int columns, long rowBytes) {
        for (int r = 0; r < rows; r++, x += rowBytes) {
            Memory.ALL.asSlice(x, columns * 4L).fill((byte) 0);
        }
    }
}
