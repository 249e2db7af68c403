package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.StoredTensor;
import java.util.List;

/**
 * Position embeddings of a square grid of patches, for a grid of another size: bicubic as PyTorch's {@code interpolate}, with a =
 * -0.75, without antialiasing, the border repeated.
 *
 * @param single leading rows that belong to no patch, and stay as they are
 * @param alignCorners whether the corner patches keep their places (CLIP), or the image's borders do (EVA, SigLIP)
 */
record PositionGrid(int single, boolean alignCorners) {
    private static final double A = -0.75;
    private static final int TAPS = 4;

    /** For the tower of a configuration. */
    static PositionGrid of(VisionConfig config) {
        return new PositionGrid(config.classTokens(), config.family() == VisionLayout.Family.CLIP);
    }

    /**
     * The rows of a grid of {@code side x side}.
     *
     * @param stored {@code [tokens, C]} or {@code [1, tokens, C]}
     * @param tokens rows of the grid that is expected there, a square and the single ones
     * @param side patches along one side of the new grid
     * @return of as many dimensions as {@code stored}; that itself if it has another number of rows
     */
    StoredTensor resize(StoredTensor stored, int tokens, int side) {
        List<Long> shape = stored.shape();
        if (shape.size() < 2 || shape.get(shape.size() - 2) != tokens) {
            return stored;
        }
        int from = Math.toIntExact(Math.round(Math.sqrt(tokens - (double) single)));
        int width = Math.toIntExact(shape.getLast());
        float[] rows = stored.toFloats();
        float[] resized = new float[Math.multiplyExact(single + side * side, width)];
        System.arraycopy(rows, 0, resized, 0, single * width);
        for (int row = 0; row < side; row++) {
            double[] down = weights(row, from, side);
            int top = first(row, from, side);
            for (int column = 0; column < side; column++) {
                double[] across = weights(column, from, side);
                int left = first(column, from, side);
                int to = (single + row * side + column) * width;
                for (int channel = 0; channel < width; channel++) {
                    double sum = 0;
                    for (int i = 0; i < TAPS; i++) {
                        int line = single + Math.clamp(top + i, 0, from - 1) * from;
                        double part = 0;
                        for (int j = 0; j < TAPS; j++) {
                            part += across[j] * rows[(line + Math.clamp(left + j, 0, from - 1)) * width + channel];
                        }
                        sum += down[i] * part;
                    }
                    resized[to + channel] = (float) sum;
                }
            }
        }
        long count = single + (long) side * side;
        return stored.shape().size() == 2
                ? StoredTensor.of(resized, count, width)
                : StoredTensor.of(resized, 1, count, width);
    }

    /** Where a place of the new grid lies in the old one. */
    private double place(int index, int from, int to) {
        if (alignCorners) {
            return to == 1 ? 0 : index * (from - 1.0) / (to - 1);
        }
        return (index + 0.5) * from / to - 0.5;
    }

    private int first(int index, int from, int to) {
        return (int) Math.floor(place(index, from, to)) - 1;
    }

    private double[] weights(int index, int from, int to) {
        double place = place(index, from, to);
        double t = place - Math.floor(place);
        return new double[] {far(t + 1), near(t), near(1 - t), far(2 - t)};
    }

    /** Up to a distance of 1. */
    private static double near(double x) {
        return ((A + 2) * x - (A + 3)) * x * x + 1;
    }

    /** From a distance of 1 to 2. */
    private static double far(double x) {
        return ((x - 5) * x + 8) * A * x - 4 * A;
    }
}
