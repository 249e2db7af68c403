package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.matrix.vector.MicroKernel.COLUMNS;
import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.llm2clip.kernels.cpu.runtime.Memory;
import java.lang.foreign.MemorySegment;

/**
 * What the micro-kernels compute, without vectors: see {@link io.llm2clip.kernels.cpu.runtime.ColdStart}. Each element is the same chain of
 * fused multiply-adds in the order of k, so the bits are the same. The loops are over arrays, which even code that is not compiled
 * well reads fast.
 */
final class ScalarTile {
    /** Values of k at a time, so that a part of the panel is as large as a page. */
    private static final int DEPTH = 32;

    private ScalarTile() {}

    /**
     * A tile of any number of rows.
     *
     * @param aRow bytes from one row of A to the next
     * @param aStep bytes from one k to the next
     * @param b the panel
     */
    static void multiply(int rows, int k, long a, long aRow, long aStep, long b, long c, long cRow) {
        float[] sums = new float[rows * COLUMNS];
        float[] panel = new float[DEPTH * COLUMNS];
        float[] values = new float[DEPTH];
        for (int from = 0; from < k; from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            MemorySegment.copy(ALL, JAVA_FLOAT, b + 4L * from * COLUMNS, panel, 0, depth * COLUMNS);
            for (int r = 0; r < rows; r++) {
                load(a + r * aRow + from * aStep, aStep, depth, values);
                add(values, depth, panel, sums, r * COLUMNS);
            }
        }
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(sums, r * COLUMNS, ALL, JAVA_FLOAT, c + r * cRow, COLUMNS);
        }
    }

    private static void load(long a, long aStep, int depth, float[] values) {
        if (aStep == Float.BYTES) {
            MemorySegment.copy(ALL, JAVA_FLOAT, a, values, 0, depth);
        } else {
            for (int i = 0; i < depth; i++) {
                values[i] = Memory.getFloat(a + i * aStep);
            }
        }
    }

    private static void add(float[] values, int depth, float[] panel, float[] sums, int to) {
        for (int i = 0; i < depth; i++) {
            float value = values[i];
            int row = i * COLUMNS;
            for (int column = 0; column < COLUMNS; column++) {
                sums[to + column] = Math.fma(value, panel[row + column], sums[to + column]);
            }
        }
    }
}
