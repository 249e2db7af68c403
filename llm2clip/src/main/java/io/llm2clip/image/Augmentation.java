package io.llm2clip.image;

import java.util.SplittableRandom;

/** Moved views of a training image. Each is a function of the image and an explicit seed, never of a call order. */
public final class Augmentation {
    private Augmentation() {}

    /** Moves the image by up to {@code reach} pixels along each axis; edge pixels fill the gap. */
    public static RgbImage randomShift(RgbImage image, int reach, long seed) {
        var random = new SplittableRandom(seed);
        return shift(image, random.nextInt(-reach, reach + 1), random.nextInt(-reach, reach + 1));
    }

    /** Moves the image right by {@code dx} and down by {@code dy}; edge pixels fill the gap. */
    public static RgbImage shift(RgbImage image, int dx, int dy) {
        int width = image.width();
        int height = image.height();
        byte[] shifted = new byte[image.pixels().length];
        for (int y = 0; y < height; y++) {
            int row = Math.clamp((long) y - dy, 0, height - 1) * width;
            for (int x = 0; x < width; x++) {
                int from = 3 * (row + Math.clamp((long) x - dx, 0, width - 1));
                System.arraycopy(image.pixels(), from, shifted, 3 * (y * width + x), 3);
            }
        }
        return new RgbImage(width, height, shifted);
    }
}
