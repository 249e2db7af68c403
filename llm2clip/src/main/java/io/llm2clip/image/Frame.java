package io.llm2clip.image;

import io.llm2clip.image.PillowResize.Window;
import io.llm2clip.image.Preprocessing.CropRounding;
import io.llm2clip.image.Preprocessing.Resize;

/** The size at which a model takes an image, and what of the image is in it. */
public sealed interface Frame {

    /** The part of the resized image that is kept; it alone is computed, so any proportions will do. */
    Window window(int width, int height);

    /** Whether an image may have been resized to this. */
    boolean fits(RgbImage image);

    /** For messages. */
    String text();

    /**
     * Squares of one size.
     *
     * @param size S, the side in pixels
     * @param resize how a rectangle becomes a square
     * @param rounding where an odd margin's extra pixel goes
     */
    record Square(int size, Resize resize, CropRounding rounding) implements Frame {
        public Square {
            if (size < 1) {
                throw new IllegalArgumentException(
                        "Preprocessing needs a positive size, found size %d.".formatted(size));
            }
        }

        @Override
        public Window window(int width, int height) {
            if (resize == Resize.SQUASH) {
                return new Window(size, size, 0, 0, size, size);
            }
            long longSide = (long) size * Math.max(width, height) / Math.min(width, height);
            boolean portrait = width <= height;
            long targetWidth = portrait ? size : longSide;
            long targetHeight = portrait ? longSide : size;
            return new Window(
                    targetWidth,
                    targetHeight,
                    rounding.half(targetWidth - size),
                    rounding.half(targetHeight - size),
                    size,
                    size);
        }

        @Override
        public boolean fits(RgbImage image) {
            return image.width() == size && image.height() == size;
        }

        @Override
        public String text() {
            return "%d x %d".formatted(size, size);
        }
    }

    /**
     * Rectangles of whole patches, as large as a number of patches allows, of the image's proportions as nearly as patches allow:
     * SigLIP2 NaFlex.
     *
     * @param patchSize side of a patch in pixels
     * @param limits how many patches
     */
    record Patches(int patchSize, PatchLimits limits) implements Frame {
        /** The reference's: it decides the size of some images, so it must not be better. */
        private static final double EPSILON = 1e-5;

        private static final double LARGEST_SCALE = 100;

        public Patches {
            if (patchSize < 1) {
                throw new IllegalArgumentException(
                        "Preprocessing needs patches of a positive size, found size %d.".formatted(patchSize));
            }
        }

        @Override
        public Window window(int width, int height) {
            int most = limits.of(width, height, patchSize);
            double low = EPSILON / 10;
            double high = LARGEST_SCALE;
            while (high - low >= EPSILON) {
                double scale = (low + high) / 2;
                if ((double) patches(scale, width) * patches(scale, height) <= most) {
                    low = scale;
                } else {
                    high = scale;
                }
            }
            int columns = Math.multiplyExact(patchSize, Math.toIntExact(patches(low, width)));
            int rows = Math.multiplyExact(patchSize, Math.toIntExact(patches(low, height)));
            return new Window(columns, rows, 0, 0, columns, rows);
        }

        private long patches(double scale, int side) {
            return Math.max(1, (long) Math.ceil(side * scale / patchSize));
        }

        @Override
        public boolean fits(RgbImage image) {
            return image.width() % patchSize == 0 && image.height() % patchSize == 0;
        }

        @Override
        public String text() {
            return "multiples of %d".formatted(patchSize);
        }
    }
}
