package io.llm2clip.image;

import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import javax.imageio.ImageReadParam;
import javax.imageio.stream.ImageInputStream;
import org.jspecify.annotations.Nullable;

/** The pixels of an encoded picture: decoded at once where there is memory, otherwise in strips. */
final class ImageDecoder implements AutoCloseable {
    private final EncodedImage image;
    private final long memory;
    private final ImageInputStream input;
    private final javax.imageio.ImageReader reader;
    private final @Nullable Placement placement;
    private final Orientation exif;
    private final @Nullable String cutOffWarning;
    private boolean cutOff;

    private ImageDecoder(EncodedImage image, long memory, Content content) throws IOException {
        this.image = image;
        this.memory = memory;
        this.placement = content.placement;
        this.exif = content.exif;
        this.cutOffWarning = content.cutOffWarning;
        this.input = content.bytes.open();
        try {
            this.reader = EncodedImage.reader(input);
            reader.addIIOReadWarningListener(
                    (_, warning) -> cutOff |= cutOffWarning != null && warning.contains(cutOffWarning));
            reader.setInput(input, false, true);
        } catch (IOException | RuntimeException e) {
            input.close();
            throw e;
        }
    }

    /** What decoders get, and what the rest of the file says. */
    private record Content(
            ImageBytes bytes,
            @Nullable Placement placement,
            Orientation exif,
            @Nullable String cutOffWarning) {
        static Content of(ImageFormat format, ImageBytes bytes) throws IOException {
            return switch (format) {
                case JPEG -> {
                    JpegFile file = JpegFile.of(bytes.all());
                    yield new Content(
                            new ImageBytes.InMemory(file.picture()), null, Exif.of(file.exif()), file.cutOffWarning());
                }
                case WEBP -> {
                    WebPFile file = WebPFile.of(bytes.all());
                    yield new Content(
                            new ImageBytes.InMemory(file.picture()), file.placement(), Exif.of(file.exif()), null);
                }
                case GIF -> {
                    GifFile file = GifFile.of(bytes.all());
                    yield new Content(
                            new ImageBytes.InMemory(file.picture()), file.placement(), Orientation.UPRIGHT, null);
                }
                case PNG -> new Content(bytes, null, Exif.ofPng(bytes), null);
                case TIFF -> new Content(bytes, null, Exif.ofTiff(bytes), null);
                case BMP -> new Content(bytes, null, Orientation.UPRIGHT, null);
            };
        }
    }

    /** Opens a picture; strips are made as high as {@code memory} bytes allow. */
    static ImageDecoder open(EncodedImage image, long memory) throws IOException {
        return new ImageDecoder(image, memory, Content.of(image.format(), image.bytes()));
    }

    StoredPixels pixels() throws IOException {
        StoredPixels decoded = new Strips(reader.getWidth(0), reader.getHeight(0));
        return placement == null ? decoded : placement.on(decoded);
    }

    /** The orientation to follow; that of TIFF files is followed by the reference, too. */
    Orientation orientation(boolean followExif) {
        return followExif || image.format() == ImageFormat.TIFF ? exif : Orientation.UPRIGHT;
    }

    @Override
    public void close() throws IOException {
        reader.dispose();
        input.close();
    }

    private final class Strips implements StoredPixels {
        private final int width;
        private final int height;

        Strips(int width, int height) {
            this.width = width;
            this.height = height;
        }

        @Override
        public int width() {
            return width;
        }

        @Override
        public int height() {
            return height;
        }

        @Override
        public void read(Rectangle region, RowSink sink) throws IOException {
            if (!image.readsRegions() || image.decodingBytes() <= memory) {
                new BufferedPixels(decode(null)).read(region, sink);
                return;
            }
            long rowBytes = (long) region.width * image.bytesPerPixel();
            int rows = Math.clamp((memory - image.fileBytes()) / 2 / rowBytes, 1, region.height);
            int end = region.y + region.height;
            for (int y = region.y; y < end; y += rows) {
                int top = y;
                Rectangle strip = new Rectangle(region.x, y, region.width, Math.min(rows, end - y));
                BufferedImage decoded = decode(strip);
                new BufferedPixels(decoded)
                        .read(new Rectangle(strip.width, strip.height), (row, rgb) -> sink.accept(top + row, rgb));
            }
        }

        private BufferedImage decode(@Nullable Rectangle part) throws IOException {
            ImageReadParam parameters = reader.getDefaultReadParam();
            parameters.setSourceRegion(part);
            BufferedImage decoded = reader.read(0, parameters);
            if (cutOff) {
                throw new IOException("the file is cut off");
            }
            return decoded;
        }
    }
}
