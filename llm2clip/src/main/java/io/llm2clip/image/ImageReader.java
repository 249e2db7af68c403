package io.llm2clip.image;

import io.llm2clip.data.InputException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * Reads JPEG (also CMYK), PNG, WebP, GIF, BMP and TIFF files as 8-bit RGB. Transparency and color profiles are ignored,
 * 16-bit values keep their high byte, and of an animation the first picture counts. Files that Pillow decodes are decoded
 * to the same pixels, lossy ones to within what decoders differ by; but of 16-bit gray Pillow clips what exceeds 255. Safe for use by several threads, which share a bound on
 * memory: large pictures wait for each other. One that takes more than two minutes of processor time is given up.
 *
 * @param exifOrientation whether a picture is turned upright as its EXIF orientation says; the reference implementation
 *     ignores it, except in TIFF files, which are always turned
 * @param maxPixels larger pictures are refused before they are decoded
 */
public record ImageReader(boolean exifOrientation, long maxPixels) {
    /** 500 megapixels: larger than any camera's picture, and decoded within seconds. */
    public static final long DEFAULT_MAX_PIXELS = 500_000_000;

    /** For pictures as people have them: upright. */
    public static final ImageReader DEFAULT = new ImageReader(true, DEFAULT_MAX_PIXELS);

    public ImageReader {
        if (maxPixels < 1) {
            throw new IllegalArgumentException("The limit must be at least one pixel, found %d.".formatted(maxPixels));
        }
    }

    /** The same with EXIF orientations followed or ignored. */
    public ImageReader withExifOrientation(boolean followed) {
        return new ImageReader(followed, maxPixels);
    }

    /** The same with another limit. */
    public ImageReader withMaxPixels(long limit) {
        return new ImageReader(exifOrientation, limit);
    }

    /**
     * Reads a whole picture.
     *
     * @throws InputException naming the file and the reason when it is missing, broken, cut off, of unknown format, too
     *     large or decoded for too long
     */
    public RgbImage read(Path file) {
        return read(file, DecodingMemory.SHARED, UprightImage::of);
    }

    /**
     * Reads what preprocessing keeps of a picture, resized; the picture as a whole is in memory in one piece at
     * most.
     *
     * @throws InputException as {@link #read(Path)}
     */
    public RgbImage resized(Path file, Preprocessing preprocessing) {
        return resized(file, preprocessing, DecodingMemory.SHARED);
    }

    RgbImage resized(Path file, Preprocessing preprocessing, DecodingMemory memory) {
        return read(file, memory, preprocessing::resized);
    }

    /** The same of the bytes of an image file; {@code name} stands for it in messages. */
    public RgbImage resized(byte[] content, String name, Preprocessing preprocessing) {
        return decode(
                new ImageBytes.InMemory(content),
                name,
                DecodingMemory.SHARED,
                DecodingThreads.SHARED,
                preprocessing::resized);
    }

    /** Decodes the bytes of an image file; {@code name} stands for it in messages. */
    public RgbImage decode(byte[] content, String name) {
        return decode(
                new ImageBytes.InMemory(content),
                name,
                DecodingMemory.SHARED,
                DecodingThreads.SHARED,
                UprightImage::of);
    }

    /** Makes an image of pixels. */
    interface Use {
        RgbImage of(StoredPixels pixels, Orientation orientation) throws IOException;
    }

    RgbImage read(Path file, DecodingMemory memory, Use use) {
        return read(file, memory, DecodingThreads.SHARED, use);
    }

    RgbImage read(Path file, DecodingMemory memory, DecodingThreads threads, Use use) {
        try {
            return decode(ImageBytes.of(file), file.toString(), memory, threads, use);
        } catch (IOException | OutOfMemoryError e) {
            throw UnreadableImage.exception(file.toString(), "read", e);
        }
    }

    private RgbImage decode(ImageBytes bytes, String name, DecodingMemory memory, DecodingThreads threads, Use use) {
        try {
            EncodedImage image = threads.run(() -> EncodedImage.probe(bytes));
            requireAtMost(image.width(), image.height());
            try {
                return decode(image, memory, image.decodingBytes(), threads, use);
            } catch (OutOfMemoryError e) {
                // Others may have had the memory, or an estimate was too low: once more, alone.
                return decode(image, memory, memory.bytes(), threads, use);
            }
        } catch (FileSystemException e) {
            throw UnreadableImage.exception(name, "read", e);
        } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
            // Decoders answer hostile bytes with any runtime exception, with recursion and with impossible arrays.
            throw UnreadableImage.exception(name, "decoded", e);
        }
    }

    /** Memory is held by the thread that waits: what decodes for ever must not keep it from the others. */
    private RgbImage decode(EncodedImage image, DecodingMemory memory, long bytes, DecodingThreads threads, Use use)
            throws IOException {
        try (DecodingMemory.Lease _ = memory.take(bytes)) {
            return threads.run(() -> decode(image, memory, use));
        }
    }

    private RgbImage decode(EncodedImage image, DecodingMemory memory, Use use) throws IOException {
        try (ImageDecoder decoder = ImageDecoder.open(image, memory.bytes())) {
            StoredPixels pixels = decoder.pixels();
            // The canvas of an animation may be larger than its pictures.
            requireAtMost(pixels.width(), pixels.height());
            return use.of(pixels, decoder.orientation(exifOrientation));
        }
    }

    private void requireAtMost(int width, int height) throws IOException {
        if ((long) width * height > maxPixels) {
            throw new IOException("%d x %d pixels are more than the limit of %d".formatted(width, height, maxPixels));
        }
    }
}
