package io.llm2clip.kernels.cpu.matrix;

import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.simd.Vectors;
import jdk.incubator.vector.VectorMask;

/**
 * Packing: copies a strip of a matrix into the order in which a {@link Tile} reads it, {@code [k][width]}, with zeros beyond
 * the matrix.
 *
 * <p>The copies may write up to a vector beyond the strip's end; scratch memory has room for that.
 */
final class Panels {
    private Panels() {}

    /**
     * Packs a strip whose lanes are adjacent in memory.
     *
     * @param k steps
     * @param lanes how many lanes exist, at most width
     * @param width lanes of a packed step
     * @param from the first element
     * @param stride bytes from one step to the next
     * @param to where the strip goes
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
     * Packs a strip whose steps are adjacent in memory, {@code stride} bytes from one lane to the next; otherwise as
     * {@link #copy}.
     */
    static void transpose(int k, int lanes, int width, long from, long stride, long to) {
        for (int lane = 0; lane < width; lane++) {
            long source = from + lane * stride;
            long target = to + lane * 4L;
            if (lane < lanes) {
                for (int i = 0; i < k; i++) {
                    Memory.putFloat(target + i * (width * 4L), Memory.getFloat(source + i * 4L));
                }
            } else {
                for (int i = 0; i < k; i++) {
                    Memory.putFloat(target + i * (width * 4L), 0);
                }
            }
        }
    }
}
