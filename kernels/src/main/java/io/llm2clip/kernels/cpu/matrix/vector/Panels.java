package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.simd.Vectors;
import jdk.incubator.vector.VectorMask;

/**
 * Packing: copies a panel of a matrix into the order in which a {@link MicroKernel} reads it, {@code [k][width]}, with zeros beyond
 * the matrix.
 *
 * <p>The copies may write up to a vector beyond the panel's end; scratch memory has room for that.
 */
final class Panels {
    /** Rows of a panel that are written lane by lane, few enough to stay in the first levels of cache. */
    private static final int CHUNK = 256;

    private static final long LOW = 0xFFFF_FFFFL;

    private Panels() {}

    /**
     * Packs a panel whose lanes are adjacent in memory.
     *
     * @param k rows of the panel
     * @param lanes how many lanes exist, at most width
     * @param width lanes of a packed row
     * @param from the first element
     * @param stride bytes from one k to the next
     * @param to where the panel goes
     */
    static void copy(int k, int lanes, int width, long from, long stride, long to) {
        VectorMask<Float> first = SPECIES.indexInRange(0, lanes);
        VectorMask<Float> second = SPECIES.indexInRange(LANES, lanes);
        boolean two = width > LANES;
        for (int i = 0; i < k; i++) {
            long source = from + i * stride;
            long target = to + i * (width * 4L);
            Vectors.store(Vectors.load(source, first), target);
            if (two) {
                Vectors.store(Vectors.load(source + Vectors.BYTES, second), target + Vectors.BYTES);
            }
        }
    }

    /**
     * Packs a panel whose k are adjacent in memory, {@code stride} bytes from one lane to the next; otherwise as
     * {@link #copy}.
     */
    static void transpose(int k, int lanes, int width, long from, long stride, long to) {
        long row = width * 4L;
        for (int first = 0; first < k; first += CHUNK) {
            int some = Math.min(CHUNK, k - first);
            long source = from + first * 4L;
            long target = to + first * row;
            int lane = 0;
            for (; lane + 1 < lanes; lane += 2) {
                pair(some, source + lane * stride, stride, target + lane * 4L, row);
            }
            if (lane < lanes) {
                single(some, source + lane * stride, target + lane * 4L, row);
                lane++;
            }
            for (; lane < width; lane++) {
                for (int i = 0; i < some; i++) {
                    Memory.putFloat(target + lane * 4L + i * row, 0);
                }
            }
        }
    }

    /** Two lanes of two k at a time, as 64-bit words of the lower lane or k in their lower half. */
    private static void pair(int k, long from, long stride, long to, long row) {
        int i = 0;
        for (; i + 1 < k; i += 2) {
            long a = ALL.get(JAVA_LONG_UNALIGNED, from + i * 4L);
            long b = ALL.get(JAVA_LONG_UNALIGNED, from + stride + i * 4L);
            ALL.set(JAVA_LONG_UNALIGNED, to + i * row, a & LOW | b << 32);
            ALL.set(JAVA_LONG_UNALIGNED, to + i * row + row, a >>> 32 | b & ~LOW);
        }
        if (i < k) {
            Memory.putInt(to + i * row, Memory.getInt(from + i * 4L));
            Memory.putInt(to + i * row + 4, Memory.getInt(from + stride + i * 4L));
        }
    }

    private static void single(int k, long from, long to, long row) {
        for (int i = 0; i < k; i++) {
            Memory.putInt(to + i * row, Memory.getInt(from + i * 4L));
        }
    }
}
