package io.llm2clip.image;

import java.awt.image.BufferedImage;
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
        return Rasters.toRgb(image);
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
