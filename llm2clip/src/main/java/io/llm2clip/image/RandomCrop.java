package io.llm2clip.image;

import java.awt.Rectangle;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/**
 * A random rectangle of an image, resized to a square: {@code RandomResizedCrop} of torchvision with aspect ratios from 3/4 to 4/3,
 * log-uniform.
 *
 * @param smallest the smallest share of the image's area
 * @param largest the largest share, at most 1
 */
public record RandomCrop(double smallest, double largest) {
    /** That of stage 2. */
    public static final RandomCrop STAGE_2 = new RandomCrop(0.9, 1);

    private static final int TRIES = 10;
    private static final double NARROWEST = 3.0 / 4;
    private static final double WIDEST = 4.0 / 3;

    public RandomCrop {
        if (!(smallest > 0 && smallest <= largest && largest <= 1)) {
            throw new IllegalArgumentException("Crop areas must satisfy 0 < smallest <= largest <= 1, found %s and %s."
                    .formatted(smallest, largest));
        }
    }

    /**
     * A view of an image.
     *
     * @param size S, the side of the view
     * @param seed of which the view is a function, and of the image
     */
    public RgbImage of(RgbImage image, int size, ResizeFilter filter, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Rectangle box = box(image.width(), image.height(), random::nextDouble);
        return PillowResize.resize(image.crop(box.x, box.y, box.width, box.height), size, size, filter);
    }

    /**
     * The rectangle.
     *
     * @param uniform numbers of [0, 1): area and ratio for each try, then the row and the column that it begins at
     */
    Rectangle box(int width, int height, DoubleSupplier uniform) {
        double area = (double) width * height;
        for (int i = 0; i < TRIES; i++) {
            double target = area * (smallest + (largest - smallest) * uniform.getAsDouble());
            double low = Math.log(NARROWEST);
            double ratio = Math.exp(low + (Math.log(WIDEST) - low) * uniform.getAsDouble());
            int w = (int) Math.rint(Math.sqrt(target * ratio));
            int h = (int) Math.rint(Math.sqrt(target / ratio));
            if (w > 0 && h > 0 && w <= width && h <= height) {
                int y = (int) (uniform.getAsDouble() * (height - h + 1));
                int x = (int) (uniform.getAsDouble() * (width - w + 1));
                return new Rectangle(x, y, w, h);
            }
        }
        return center(width, height);
    }

    /** The largest centered rectangle with an allowed aspect ratio. */
    private static Rectangle center(int width, int height) {
        double ratio = (double) width / height;
        int w = ratio > WIDEST ? Math.max(1, (int) Math.rint(height * WIDEST)) : width;
        int h = ratio < NARROWEST ? Math.max(1, (int) Math.rint(width / NARROWEST)) : height;
        return new Rectangle((width - w) / 2, (height - h) / 2, w, h);
    }
}
