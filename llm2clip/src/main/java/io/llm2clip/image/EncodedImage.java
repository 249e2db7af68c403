package io.llm2clip.image;

import java.awt.image.ColorModel;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;

/**
 * What the header of a picture says, read before memory is taken for the rest.
 *
 * @param width as stored
 * @param height as stored
 * @param bytesPerPixel that decoding needs
 */
record EncodedImage(ImageBytes bytes, ImageFormat format, int width, int height, int bytesPerPixel) {
    static EncodedImage probe(ImageBytes bytes) throws IOException {
        byte[] head = bytes.head(ImageFormat.HEAD);
        ImageFormat format = ImageFormat.ofHead(head).orElseThrow(() -> new IOException(UnreadFormat.reason(head)));
        try (ImageInputStream input = bytes.open()) {
            if (format == ImageFormat.JPEG) {
                JpegFile.Frame frame = JpegFile.frame(input);
                return new EncodedImage(bytes, format, frame.width(), frame.height(), frame.bytesPerPixel());
            }
            javax.imageio.ImageReader reader = reader(input);
            try {
                reader.setInput(input, true, true);
                return new EncodedImage(
                        bytes, format, reader.getWidth(0), reader.getHeight(0), bytesPerPixel(format, reader));
            } finally {
                reader.dispose();
            }
        }
    }

    /** The decoder of a stream's format. */
    static javax.imageio.ImageReader reader(ImageInputStream input) throws IOException {
        Iterator<javax.imageio.ImageReader> readers = ImageIO.getImageReaders(input);
        if (!readers.hasNext()) {
            throw new IOException("this variant of its format is not supported");
        }
        return readers.next();
    }

    private static int bytesPerPixel(ImageFormat format, javax.imageio.ImageReader reader) throws IOException {
        if (format == ImageFormat.WEBP) {
            // Lossless pictures are decoded as ints, lossy ones with planes of luma and chroma beside.
            return 8;
        }
        Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
        ColorModel colors = types.hasNext() ? types.next().getColorModel() : ColorModel.getRGBdefault();
        return Math.max(1, colors.getPixelSize() / 8);
    }

    /** Whether the decoder can skip what lies outside a region; that of BMP does, and does not notice a file's end then. */
    boolean readsRegions() {
        return format != ImageFormat.WEBP && format != ImageFormat.BMP;
    }

    /** Whether the file is read into memory to be taken apart. */
    boolean takenApart() {
        return format == ImageFormat.JPEG || format == ImageFormat.WEBP || format == ImageFormat.GIF;
    }

    /** Memory to decode everything at once. */
    long decodingBytes() {
        return fileBytes() + (long) bytesPerPixel * width * height;
    }

    /** Memory for the file and for taking it apart. */
    long fileBytes() {
        return takenApart() ? 3 * bytes.length() : 0;
    }
}
