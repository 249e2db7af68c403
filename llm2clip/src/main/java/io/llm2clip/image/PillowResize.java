package io.llm2clip.image;

import java.util.Arrays;

/**
 * Pillow's antialiased resampling of 8-bit images, to the bit: weights in 22-bit fixed point, a horizontal pass and
 * then a vertical one, each rounded and clipped to 0..255. This is Pillow up to version 12, with which the published
 * models were made; version 13 does the vertical pass first where that is cheaper, which moves some pixels by a few
 * levels. AWT's own bicubic does not antialias, and embeddings drift with it.
 */
public final class PillowResize {
    private static final int PRECISION_BITS = 22;
    private static final int HALF = 1 << PRECISION_BITS - 1;

    private PillowResize() {}

    /** Scales the whole image to {@code width} x {@code height}. */
    public static RgbImage resize(RgbImage image, int width, int height, ResizeFilter filter) {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException(
                    "The target size must be positive, found %d x %d.".formatted(width, height));
        }
        if (filter == ResizeFilter.NEAREST) {
            return nearest(image, width, height);
        }
        RgbImage wide = width == image.width() ? image : horizontal(image, Taps.of(image.width(), width, filter));
        return height == image.height() ? wide : vertical(wide, Taps.of(image.height(), height, filter));
    }

    private static RgbImage nearest(RgbImage image, int width, int height) {
        byte[] source = image.pixels();
        byte[] target = new byte[Math.multiplyExact(3 * width, height)];
        double scaleX = (double) image.width() / width;
        double scaleY = (double) image.height() / height;
        for (int y = 0; y < height; y++) {
            int sourceRow = (int) ((y + 0.5) * scaleY) * image.width();
            for (int x = 0; x < width; x++) {
                int from = 3 * (sourceRow + (int) ((x + 0.5) * scaleX));
                System.arraycopy(source, from, target, 3 * (y * width + x), 3);
            }
        }
        return new RgbImage(width, height, target);
    }

    private static RgbImage horizontal(RgbImage image, Taps taps) {
        int width = taps.starts.length;
        byte[] source = image.pixels();
        byte[] target = new byte[Math.multiplyExact(3 * width, image.height())];
        for (int y = 0; y < image.height(); y++) {
            int row = 3 * y * image.width();
            for (int x = 0; x < width; x++) {
                int[] weights = taps.weights[x];
                int red = HALF;
                int green = HALF;
                int blue = HALF;
                int from = row + 3 * taps.starts[x];
                for (int weight : weights) {
                    red += (source[from] & 0xff) * weight;
                    green += (source[from + 1] & 0xff) * weight;
                    blue += (source[from + 2] & 0xff) * weight;
                    from += 3;
                }
                int to = 3 * (y * width + x);
                target[to] = clip(red);
                target[to + 1] = clip(green);
                target[to + 2] = clip(blue);
            }
        }
        return new RgbImage(width, image.height(), target);
    }

    private static RgbImage vertical(RgbImage image, Taps taps) {
        int height = taps.starts.length;
        int row = 3 * image.width();
        byte[] source = image.pixels();
        byte[] target = new byte[Math.multiplyExact(row, height)];
        int[] sums = new int[row];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, HALF);
            int from = taps.starts[y] * row;
            for (int weight : taps.weights[y]) {
                for (int i = 0; i < row; i++) {
                    sums[i] += (source[from + i] & 0xff) * weight;
                }
                from += row;
            }
            for (int i = 0; i < row; i++) {
                target[y * row + i] = clip(sums[i]);
            }
        }
        return new RgbImage(image.width(), height, target);
    }

    private static byte clip(int fixed) {
        return (byte) Math.clamp(fixed >> PRECISION_BITS, 0, 255);
    }

    /** For every target pixel the first source pixel and the fixed-point weights from there on. */
    private record Taps(int[] starts, int[][] weights) {
        private static Taps of(int from, int to, ResizeFilter filter) {
            double scale = (double) from / to;
            double filterScale = Math.max(scale, 1);
            double support = filter.support() * filterScale;
            double inverse = 1 / filterScale;
            int[] starts = new int[to];
            int[][] fixed = new int[to][];
            for (int target = 0; target < to; target++) {
                double centre = (target + 0.5) * scale;
                int start = Math.max((int) (centre - support + 0.5), 0);
                int end = Math.min((int) (centre + support + 0.5), from);
                starts[target] = start;
                fixed[target] = toFixed(weights(filter, start, end, centre, inverse));
            }
            return new Taps(starts, fixed);
        }

        private static double[] weights(ResizeFilter filter, int start, int end, double centre, double inverse) {
            double[] weights = new double[end - start];
            double sum = 0;
            for (int i = 0; i < weights.length; i++) {
                weights[i] = filter.weight((i + start - centre + 0.5) * inverse);
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
}
