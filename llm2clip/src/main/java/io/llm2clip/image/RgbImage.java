package io.llm2clip.image;

import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;

/**
 * An 8-bit RGB image.
 *
 * @param pixels {@code [height, width, 3]}, unsigned
 */
public record RgbImage(int width, int height, byte[] pixels) {
    public RgbImage {
        if (width < 1 || height < 1 || pixels.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    "An RGB image of %d x %d needs %d bytes, found %d; sides must be positive."
                            .formatted(width, height, 3L * width * height, pixels.length));
        }
    }

    /** The samples of an image in memory, without colour management. */
    public static RgbImage of(BufferedImage image) {
        try {
            return UprightImage.of(new BufferedPixels(image), Orientation.UPRIGHT);
        } catch (IOException e) {
            throw new UncheckedIOException("Memory cannot be read.", e);
        }
    }

    StoredPixels stored() {
        return new StoredPixels() {
            @Override
            public int width() {
                return width;
            }

            @Override
            public int height() {
                return height;
            }

            @Override
            public void read(Rectangle region, RowSink sink) {
                byte[] row = new byte[3 * region.width];
                for (int y = region.y; y < region.y + region.height; y++) {
                    System.arraycopy(pixels, 3 * (y * width + region.x), row, 0, row.length);
                    sink.accept(y, row);
                }
            }
        };
    }

    /** The rectangle with its upper left corner at (x, y). */
    public RgbImage crop(int x, int y, int cropWidth, int cropHeight) {
        if (x < 0 || y < 0 || x + cropWidth > width || y + cropHeight > height) {
            throw new IllegalArgumentException("The crop %d x %d at (%d, %d) must lie within an image of %d x %d."
                    .formatted(cropWidth, cropHeight, x, y, width, height));
        }
        byte[] cropped = new byte[3 * cropWidth * cropHeight];
        for (int row = 0; row < cropHeight; row++) {
            System.arraycopy(pixels, 3 * ((y + row) * width + x), cropped, 3 * row * cropWidth, 3 * cropWidth);
        }
        return new RgbImage(cropWidth, cropHeight, cropped);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage image
                && width == image.width
                && height == image.height
                && Arrays.equals(pixels, image.pixels);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(pixels);
    }

    @Override
    public String toString() {
        return "RgbImage[" + width + " x " + height + "]";
    }
}
