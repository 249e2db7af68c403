package io.llm2clip.image;

import com.drew.imaging.ImageMetadataReader;
import com.drew.imaging.ImageProcessingException;
import com.drew.metadata.exif.ExifIFD0Directory;
import io.llm2clip.data.InputException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads JPEG (also CMYK), PNG, WebP, GIF, BMP and TIFF files as 8-bit RGB. Alpha is dropped and 16-bit values keep
 * their high byte, as in Pillow. Safe for use by several threads.
 *
 * @param applyOrientation whether an image is turned as its EXIF orientation says; the reference ignores it
 * @param maxPixels larger images are refused before they are decoded
 */
public record ImageReader(boolean applyOrientation, long maxPixels) {
    /** Larger than any camera's picture, smaller than a decompression bomb. */
    public static final long DEFAULT_MAX_PIXELS = 100_000_000;

    /** What the reference does: no orientation. */
    public static ImageReader standard() {
        return new ImageReader(false, DEFAULT_MAX_PIXELS);
    }

    /**
     * Reads a file.
     *
     * @throws InputException naming the file and the reason when it is missing, broken, cut off, of unknown format or
     *     too large
     */
    public RgbImage read(Path file) {
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (IOException | OutOfMemoryError e) {
            throw new InputException("The image " + file + " cannot be read (" + reason(e) + ").", e);
        }
        return decode(content, file.toString());
    }

    /** Decodes the bytes of an image file; {@code name} stands for it in messages. */
    public RgbImage decode(byte[] content, String name) {
        try {
            RgbImage image = Rasters.toRgb(decode(content));
            return applyOrientation ? Orientation.apply(orientation(content), image) : image;
        } catch (IOException | RuntimeException e) {
            // Decoders answer hostile bytes with any runtime exception, not only with IOException.
            throw new InputException("The image " + name + " cannot be decoded (" + reason(e) + ").", e);
        }
    }

    private BufferedImage decode(byte[] content) throws IOException {
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
            Iterator<javax.imageio.ImageReader> readers = ImageIO.getImageReaders(stream);
            if (!readers.hasNext()) {
                throw new IOException(
                        content.length == 0
                                ? "the file is empty"
                                : "unknown format; JPEG, PNG, WebP, GIF, BMP and TIFF are supported");
            }
            javax.imageio.ImageReader reader = readers.next();
            try {
                reader.setInput(stream, true, true);
                long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
                if (pixels > maxPixels) {
                    throw new IOException("%d x %d pixels are more than the limit of %d"
                            .formatted(reader.getWidth(0), reader.getHeight(0), maxPixels));
                }
                if (CutOff.test(content)) {
                    throw new IOException("the file is cut off");
                }
                return reader.read(0);
            } finally {
                reader.dispose();
            }
        }
    }

    /** The EXIF orientation 1..8; 1 when the file has none. */
    private static int orientation(byte[] content) throws IOException {
        try {
            var metadata = ImageMetadataReader.readMetadata(new ByteArrayInputStream(content), content.length);
            for (var exif : metadata.getDirectoriesOfType(ExifIFD0Directory.class)) {
                Integer value = exif.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
                if (value != null) {
                    return value;
                }
            }
            return 1;
        } catch (ImageProcessingException e) {
            throw new IOException("its metadata cannot be parsed: " + e.getMessage(), e);
        }
    }

    private static String reason(Throwable failure) {
        if (failure instanceof java.nio.file.NoSuchFileException) {
            return "it does not exist";
        }
        String message = failure.getMessage();
        return message == null || message.isBlank()
                ? failure.getClass().getSimpleName()
                : message.lines().findFirst().orElse("");
    }
}
