package io.llm2clip.image;

/**
 * For every target pixel of a window the first source pixel and the weights from there on, in 22-bit fixed point.
 *
 * @param starts not decreasing
 */
record Taps(int[] starts, int[][] weights) {
    static final int PRECISION_BITS = 22;

    /**
     * Weights of {@code count} target pixels.
     *
     * @param from source pixels
     * @param to target pixels of the whole axis, of which only a window is computed
     * @param first target pixel of the window
     */
    static Taps of(int from, long to, long first, int count, ResizeFilter filter) {
        double scale = (double) from / to;
        int[] starts = new int[count];
        int[][] fixed = new int[count][];
        for (int target = 0; target < count; target++) {
            double center = (first + target + 0.5) * scale;
            if (filter == ResizeFilter.NEAREST) {
                starts[target] = (int) center;
                fixed[target] = new int[] {1 << PRECISION_BITS};
                continue;
            }
            double filterScale = Math.max(scale, 1);
            double support = filter.support() * filterScale;
            int start = Math.max((int) (center - support + 0.5), 0);
            int end = Math.min((int) (center + support + 0.5), from);
            starts[target] = start;
            fixed[target] = toFixed(weights(filter, start, end, center, 1 / filterScale));
        }
        return new Taps(starts, fixed);
    }

    int count() {
        return starts.length;
    }

    /** The first source pixel that is needed. */
    int begin() {
        return starts[0];
    }

    /** One more than the last source pixel that is needed. */
    int end() {
        int end = 0;
        for (int i = 0; i < starts.length; i++) {
            end = Math.max(end, starts[i] + weights[i].length);
        }
        return end;
    }

    /** Rounds a sum of weighted samples and half a unit. */
    static byte round(int fixed) {
        return (byte) Math.clamp(fixed >> PRECISION_BITS, 0, 255);
    }

    private static double[] weights(ResizeFilter filter, int start, int end, double center, double inverse) {
        double[] weights = new double[end - start];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = filter.weight((i + start - center + 0.5) * inverse);
            sum += weights[i];
        }
        for (int i = 0; i < weights.length && sum != 0; i++) {
            weights[i] /= sum;
        }
        return weights;
    }

    private static int[] toFixed(double[] weights) {
        int[] fixed = new int[weights.length];
        for (int i = 0; i < fixed.length; i++) {
            double scaled = weights[i] * (1 << PRECISION_BITS);
            fixed[i] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
        }
        return fixed;
    }
}
