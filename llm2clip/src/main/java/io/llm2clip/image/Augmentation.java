package io.llm2clip.image;

import java.util.SplittableRandom;

/** Random views of a training image. Each is a function of the image and an explicit seed, never of a call order. */
public final class Augmentation {
    private static final int TRIES = 10;

    private Augmentation() {}

    /**
     * The crop of stage 2 (torchvision's {@code RandomResizedCrop} with area 0.9..1): a rectangle of random area and of
     * aspect ratio 3/4..4/3, log-uniform, resized to S x S with the bicubic filter.
     */
    public static RgbImage randomResizedCrop(RgbImage image, int size, long seed) {
        return randomResizedCrop(image, size, 0.9, 1, seed);
    }

    /**
     * A random crop as above.
     *
     * @param smallest the smallest share of the image's area
     * @param largest the largest share, at most 1
     */
    public static RgbImage randomResizedCrop(RgbImage image, int size, double smallest, double largest, long seed) {
        if (!(smallest > 0 && smallest <= largest && largest <= 1)) {
            throw new IllegalArgumentException("Crop areas must satisfy 0 < smallest <= largest <= 1, found %s and %s."
                    .formatted(smallest, largest));
        }
        var random = new SplittableRandom(seed);
        double area = (double) image.width() * image.height();
        for (int i = 0; i < TRIES; i++) {
            double target = area * (smallest + (largest - smallest) * random.nextDouble());
            double ratio = Math.exp(Math.log(4.0 / 3) * (2 * random.nextDouble() - 1));
            int width = (int) Math.rint(Math.sqrt(target * ratio));
            int height = (int) Math.rint(Math.sqrt(target / ratio));
            if (width > 0 && height > 0 && width <= image.width() && height <= image.height()) {
                int x = random.nextInt(image.width() - width + 1);
                int y = random.nextInt(image.height() - height + 1);
                return resized(image.crop(x, y, width, height), size);
            }
        }
        return resized(centre(image), size);
    }

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

    /** The largest centred rectangle with an allowed aspect ratio. */
    private static RgbImage centre(RgbImage image) {
        double ratio = (double) image.width() / image.height();
        int width = image.width();
        int height = image.height();
        if (ratio < 3.0 / 4) {
            height = Math.max(1, (int) Math.rint(width * 4.0 / 3));
        } else if (ratio > 4.0 / 3) {
            width = Math.max(1, (int) Math.rint(height * 4.0 / 3));
        }
        return image.crop((image.width() - width) / 2, (image.height() - height) / 2, width, height);
    }

    private static RgbImage resized(RgbImage image, int size) {
        return PillowResize.resize(image, size, size, ResizeFilter.BICUBIC);
    }
}
