package io.llm2clip.image;

import java.awt.Rectangle;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Pillow's antialiased resampling of 8-bit images, to the bit: weights in 22-bit fixed point, a horizontal pass and
 * then a vertical one, each rounded and clipped to 0..255. This is Pillow up to version 12, with which the published
 * models were made; version 13 does the vertical pass first where that is cheaper, which moves some pixels by a few
 * levels. AWT's own bicubic does not antialias, and embeddings drift with it.
 *
 * <p>Only a window of the target is computed, from rows that are read once, so neither the whole source nor the whole
 * target need ever be in memory.
 */
public final class PillowResize {
    private PillowResize() {}

    /**
     * A part of a resized picture.
     *
     * @param width of the whole target
     * @param height of the whole target
     * @param x column of the window's first pixel
     * @param y row of the window's first pixel
     * @param columns of the window
     * @param rows of the window
     */
    public record Window(long width, long height, long x, long y, int columns, int rows) {}

    /** Scales the whole image to {@code width} x {@code height}. */
    public static RgbImage resize(RgbImage image, int width, int height, ResizeFilter filter) {
        if (width < 1 || height < 1) {
            throw new IllegalArgumentException(
                    "The target size must be positive, found %d x %d.".formatted(width, height));
        }
        return resize(image, new Window(width, height, 0, 0, width, height), filter);
    }

    static RgbImage resize(RgbImage image, Window window, ResizeFilter filter) {
        try {
            return resize(image.stored(), Orientation.UPRIGHT, window, filter);
        } catch (IOException e) {
            throw new UncheckedIOException("Memory cannot be read.", e);
        }
    }

    /** The window of the upright picture, as if the stored one had been turned first. */
    static RgbImage resize(StoredPixels stored, Orientation orientation, Window window, ResizeFilter filter)
            throws IOException {
        Taps across = Taps.of(orientation.uprightWidth(stored), window.width, window.x, window.columns, filter);
        Taps down = Taps.of(orientation.uprightHeight(stored), window.height, window.y, window.rows, filter);
        Rectangle region = orientation.stored(stored, across.begin(), across.end(), down.begin(), down.end());
        byte[] target = new byte[Math.multiplyExact(Math.multiplyExact(3, window.columns), window.rows)];
        if (orientation.transposed()) {
            // Upright columns arrive as rows, so the pass that is horizontal in the picture blends stored rows.
            RowBlender blender = new RowBlender(across, 3 * region.width, (x, column) -> {
                byte[] resized = filterRow(column, down);
                for (int y = 0; y < window.rows; y++) {
                    System.arraycopy(resized, 3 * y, target, 3 * (y * window.columns + x), 3);
                }
            });
            stored.read(region, (row, rgb) -> {
                orientation.alignColumns(rgb);
                blender.add(orientation.positionOfRow(stored, row), rgb);
            });
        } else {
            RowBlender blender = new RowBlender(
                    down,
                    3 * window.columns,
                    (y, row) -> System.arraycopy(row, 0, target, 3 * y * window.columns, 3 * window.columns));
            stored.read(region, (row, rgb) -> {
                orientation.alignColumns(rgb);
                blender.add(orientation.positionOfRow(stored, row), filterRow(rgb, across));
            });
        }
        return new RgbImage(window.columns, window.rows, target);
    }

    /** Resamples a row whose first pixel is the first that the taps need. */
    private static byte[] filterRow(byte[] source, Taps taps) {
        byte[] target = new byte[3 * taps.count()];
        for (int x = 0; x < taps.count(); x++) {
            int red = 1 << Taps.PRECISION_BITS - 1;
            int green = red;
            int blue = red;
            int from = 3 * (taps.starts()[x] - taps.begin());
            for (int weight : taps.weights()[x]) {
                red += (source[from] & 0xff) * weight;
                green += (source[from + 1] & 0xff) * weight;
                blue += (source[from + 2] & 0xff) * weight;
                from += 3;
            }
            target[3 * x] = Taps.round(red);
            target[3 * x + 1] = Taps.round(green);
            target[3 * x + 2] = Taps.round(blue);
        }
        return target;
    }
}
