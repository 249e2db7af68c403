package io.llm2clip.image;

import io.llm2clip.image.PillowResize.Window;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * From an image to model input: resize with Pillow's filter, crop, scale to 0..1, normalize by channel.
 *
 * <p>The image is RGB before it is resized, as in the published model cards.
 *
 * @param frame the size of the input
 * @param mean per channel, of values in 0..1
 * @param std per channel
 */
public record Preprocessing(Frame frame, float[] mean, float[] std, ResizeFilter filter) {
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
        if (mean.length != 3 || std.length != 3) {
            throw new IllegalArgumentException(
                    "Preprocessing needs three means and deviations, found %d means, %d deviations."
                            .formatted(mean.length, std.length));
        }
    }

    /** The image processor of OpenAI's CLIP repositories, which all published OpenAI and EVA02 towers use. */
    public static Preprocessing clip(int size) {
        return new Preprocessing(cropped(size, CropRounding.FLOOR), CLIP_MEAN, CLIP_STD, ResizeFilter.BICUBIC);
    }

    /** The evaluation transform of the training code: like {@link #clip} with torchvision's crop. */
    public static Preprocessing torchvisionClip(int size) {
        return new Preprocessing(cropped(size, CropRounding.HALF_EVEN), CLIP_MEAN, CLIP_STD, ResizeFilter.BICUBIC);
    }

    /** SigLIP's native transform: squash, mean and deviation one half. */
    public static Preprocessing siglip(int size) {
        return new Preprocessing(squashed(size), uniform(0.5f), uniform(0.5f), ResizeFilter.BICUBIC);
    }

    /** SigLIP2's in Hugging Face's repositories: the same, bilinear. */
    public static Preprocessing siglip2(int size) {
        return new Preprocessing(squashed(size), uniform(0.5f), uniform(0.5f), ResizeFilter.BILINEAR);
    }

    /** SigLIP2's for towers that take images in their own proportions, NaFlex: bilinear, mean and deviation one half. */
    public static Preprocessing naFlex(int patchSize, PatchLimits limits) {
        return new Preprocessing(
                new Frame.Patches(patchSize, limits), uniform(0.5f), uniform(0.5f), ResizeFilter.BILINEAR);
    }

    /** For miniature models: {@code (x / 255 - 0.5) / 0.25}. */
    public static Preprocessing miniature(int size) {
        return new Preprocessing(
                cropped(size, CropRounding.FLOOR), uniform(0.5f), uniform(0.25f), ResizeFilter.BICUBIC);
    }

    private static Frame cropped(int size, CropRounding rounding) {
        return new Frame.Square(size, Resize.SHORT_SIDE_CENTER_CROP, rounding);
    }

    private static Frame squashed(int size) {
        return new Frame.Square(size, Resize.SQUASH, CropRounding.FLOOR);
    }

    /** Model input {@code [3, S, S]}, or {@code [patches, P, P, 3]} row by row. */
    public float[] apply(RgbImage image) {
        RgbImage resized = resized(image);
        float[] input = new float[Math.toIntExact(inputLength(resized))];
        normalize(List.of(resized), MemorySegment.ofArray(input));
        return input;
    }

    /** The number of values of the input of an image that was resized. */
    public static long inputLength(RgbImage resized) {
        return 3L * resized.width() * resized.height();
    }

    /** The image as the frame has it, still 8-bit. */
    public RgbImage resized(RgbImage image) {
        return PillowResize.resize(image, frame.window(image.width(), image.height()), filter);
    }

    RgbImage resized(StoredPixels stored, Orientation orientation) throws IOException {
        Window window = frame.window(orientation.uprightWidth(stored), orientation.uprightHeight(stored));
        return PillowResize.resize(stored, orientation, window, filter);
    }

    /**
     * Writes the inputs of images that were resized one behind the other into {@code target}, f32, which has room for just them.
     *
     * @throws IllegalArgumentException if the images or the target are of another size
     */
    public void normalize(List<RgbImage> resized, MemorySegment target) {
        long[] starts = new long[resized.size() + 1];
        for (int i = 0; i < resized.size(); i++) {
            RgbImage image = resized.get(i);
            if (!frame.fits(image)) {
                throw new IllegalArgumentException("Expected an image of %s, found %d x %d; resize it first."
                        .formatted(frame.text(), image.width(), image.height()));
            }
            starts[i + 1] = starts[i] + Float.BYTES * inputLength(image);
        }
        if (target.byteSize() != starts[resized.size()]) {
            throw new IllegalArgumentException("A target of %d bytes for inputs that take %d."
                    .formatted(target.byteSize(), starts[resized.size()]));
        }
        IntStream.range(0, resized.size())
                .parallel()
                .forEach(i -> normalize(resized.get(i), target.asSlice(starts[i], starts[i + 1] - starts[i])));
    }

    private void normalize(RgbImage resized, MemorySegment target) {
        switch (frame) {
            case Frame.Square square -> planes(resized.pixels(), square.size() * square.size(), target);
            case Frame.Patches patches -> patches(resized, patches.patchSize(), target);
        }
    }

    private void planes(byte[] pixels, int plane, MemorySegment target) {
        for (int channel = 0; channel < 3; channel++) {
            float[] table = table(channel);
            for (int i = 0; i < plane; i++) {
                target.setAtIndex(
                        ValueLayout.JAVA_FLOAT, (long) channel * plane + i, table[pixels[3 * i + channel] & 0xff]);
            }
        }
    }

    /** Patch by patch, row by row, the channels of a pixel together. */
    private void patches(RgbImage image, int patch, MemorySegment target) {
        float[][] tables = {table(0), table(1), table(2)};
        byte[] pixels = image.pixels();
        long to = 0;
        for (int top = 0; top < image.height(); top += patch) {
            for (int left = 0; left < image.width(); left += patch) {
                for (int y = top; y < top + patch; y++) {
                    int from = 3 * (y * image.width() + left);
                    for (int i = 0; i < 3 * patch; i++) {
                        target.setAtIndex(ValueLayout.JAVA_FLOAT, to++, tables[i % 3][pixels[from + i] & 0xff]);
                    }
                }
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
