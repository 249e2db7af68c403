package io.llm2clip.image;

import io.llm2clip.image.PillowResize.Window;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * From an image to model input: resize with Pillow's filter, crop, scale to 0..1, normalize by channel.
 *
 * <p>The image is RGB before it is resized, as in the published model cards.
 *
 * @param size S, the side of the square input
 * @param mean per channel, of values in 0..1
 * @param std per channel
 * @param resize how a rectangle becomes a square
 * @param rounding where an odd margin's extra pixel goes
 */
public record Preprocessing(
        int size, float[] mean, float[] std, Resize resize, CropRounding rounding, ResizeFilter filter) {
    private static final float[] CLIP_MEAN = {0.48145466f, 0.4578275f, 0.40821073f};
    private static final float[] CLIP_STD = {0.26862954f, 0.26130258f, 0.27577711f};

    /** How a rectangle becomes a square. */
    public enum Resize {
        /** The short side becomes S, the long side {@code floor(S * long / short)}; the center is kept. */
        SHORT_SIDE_CENTER_CROP,
        /** Both sides become S. */
        SQUASH
    }

    /** How half of an odd margin is rounded. */
    public enum CropRounding {
        /** Down, as Hugging Face's image processors do. */
        FLOOR {
            @Override
            long half(long margin) {
                return margin / 2;
            }
        },
        /** To the even neighbor, as torchvision does. */
        HALF_EVEN {
            @Override
            long half(long margin) {
                return (long) Math.rint(margin / 2.0);
            }
        };

        abstract long half(long margin);
    }

    public Preprocessing {
        if (size < 1 || mean.length != 3 || std.length != 3) {
            throw new IllegalArgumentException(
                    "Preprocessing needs a positive size and three means and deviations, found size %d, %d means, %d deviations."
                            .formatted(size, mean.length, std.length));
        }
    }

    /** The image processor of OpenAI's CLIP repositories, which all published OpenAI and EVA02 towers use. */
    public static Preprocessing clip(int size) {
        return new Preprocessing(
                size, CLIP_MEAN, CLIP_STD, Resize.SHORT_SIDE_CENTER_CROP, CropRounding.FLOOR, ResizeFilter.BICUBIC);
    }

    /** The evaluation transform of the training code: like {@link #clip} with torchvision's crop. */
    public static Preprocessing torchvisionClip(int size) {
        return new Preprocessing(
                size, CLIP_MEAN, CLIP_STD, Resize.SHORT_SIDE_CENTER_CROP, CropRounding.HALF_EVEN, ResizeFilter.BICUBIC);
    }

    /** SigLIP's native transform: squash, mean and deviation one half. */
    public static Preprocessing siglip(int size) {
        return new Preprocessing(
                size, uniform(0.5f), uniform(0.5f), Resize.SQUASH, CropRounding.FLOOR, ResizeFilter.BICUBIC);
    }

    /** SigLIP2's in Hugging Face's repositories: the same, bilinear. */
    public static Preprocessing siglip2(int size) {
        return new Preprocessing(
                size, uniform(0.5f), uniform(0.5f), Resize.SQUASH, CropRounding.FLOOR, ResizeFilter.BILINEAR);
    }

    /** For miniature models: {@code (x / 255 - 0.5) / 0.25}. */
    public static Preprocessing miniature(int size) {
        return new Preprocessing(
                size,
                uniform(0.5f),
                uniform(0.25f),
                Resize.SHORT_SIDE_CENTER_CROP,
                CropRounding.FLOOR,
                ResizeFilter.BICUBIC);
    }

    /** Model input {@code [3, S, S]}. */
    public float[] apply(RgbImage image) {
        float[] input = new float[inputLength()];
        normalize(square(image), MemorySegment.ofArray(input));
        return input;
    }

    /** The number of values of one input, {@code 3 * S * S}. */
    public int inputLength() {
        return 3 * size * size;
    }

    /** The image resized and cropped to S x S, still 8-bit. */
    public RgbImage square(RgbImage image) {
        return PillowResize.resize(image, window(image.width(), image.height()), filter);
    }

    RgbImage square(StoredPixels stored, Orientation orientation) throws IOException {
        Window window = window(orientation.uprightWidth(stored), orientation.uprightHeight(stored));
        return PillowResize.resize(stored, orientation, window, filter);
    }

    /** The part of the resized picture that is kept; it alone is computed, so any proportions will do. */
    private Window window(int width, int height) {
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

    /** Writes the input {@code [3, S, S]} of an S x S image into {@code target}, f32, which has room for just it. */
    public void normalize(RgbImage square, MemorySegment target) {
        if (square.width() != size || square.height() != size) {
            throw new IllegalArgumentException("Expected an image of %d x %d, found %d x %d; resize it first."
                    .formatted(size, size, square.width(), square.height()));
        }
        if (target.byteSize() != (long) Float.BYTES * inputLength()) {
            throw new IllegalArgumentException("The input of an image of %d x %d takes %d bytes, found %d."
                    .formatted(size, size, (long) Float.BYTES * inputLength(), target.byteSize()));
        }
        int plane = size * size;
        byte[] pixels = square.pixels();
        for (int channel = 0; channel < 3; channel++) {
            float[] table = table(channel);
            for (int i = 0; i < plane; i++) {
                target.setAtIndex(ValueLayout.JAVA_FLOAT, channel * plane + i, table[pixels[3 * i + channel] & 0xff]);
            }
        }
    }

    private float[] table(int channel) {
        float[] table = new float[256];
        for (int value = 0; value < 256; value++) {
            table[value] = (value / 255f - mean[channel]) / std[channel];
        }
        return table;
    }

    private static float[] uniform(float value) {
        float[] values = new float[3];
        Arrays.fill(values, value);
        return values;
    }
}
