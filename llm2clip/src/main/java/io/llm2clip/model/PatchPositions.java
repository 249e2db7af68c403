package io.llm2clip.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The position embeddings of a square grid of patches, resized to a rectangle: bilinear and antialiased, as PyTorch's {@code
 * interpolate} does it. Each embedding of the rectangle is a weighted sum of those of the square; these are the weights, one axis after
 * the other.
 */
final class PatchPositions {
    private final int side;
    private final float[][] down;
    private final float[][] across;

    PatchPositions(int side, int rows, int columns) {
        this.side = side;
        this.down = axis(side, rows);
        this.across = axis(side, columns);
    }

    /** For each place of the new axis, the weights of all those of the old one. */
    private static float[][] axis(int from, int to) {
        // As PyTorch computes it, in f32.
        float scale = (float) from / to;
        float support = Math.max(scale, 1);
        float inverse = 1 / support;
        float[][] weights = new float[to][from];
        for (int i = 0; i < to; i++) {
            float center = scale * (i + 0.5f);
            int start = Math.max((int) (center - support + 0.5f), 0);
            int end = Math.min((int) (center + support + 0.5f), from);
            float sum = 0;
            for (int j = start; j < end; j++) {
                weights[i][j] = Math.max(0, 1 - Math.abs((j - center + 0.5f) * inverse));
                sum += weights[i][j];
            }
            for (int j = start; j < end && sum != 0; j++) {
                weights[i][j] /= sum;
            }
        }
        return weights;
    }

    /** Writes the weights {@code [rows columns, side side]}, patches row by row, from row {@code first} of {@code target} on. */
    void write(MemorySegment target, int first) {
        long to = (long) first * side * side;
        for (float[] vertical : down) {
            for (float[] horizontal : across) {
                for (float weight : vertical) {
                    for (float other : horizontal) {
                        target.setAtIndex(ValueLayout.JAVA_FLOAT, to++, weight * other);
                    }
                }
            }
        }
    }
}
