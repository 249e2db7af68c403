package io.llm2clip.demo.scenes;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes PNG and JPEG files. One instance serves one thread. */
final class ImageWriting implements AutoCloseable {
    private static final float JPEG_QUALITY = 0.95f;

    private final ImageWriter png = ImageIO.getImageWritersByFormatName("png").next();
    private final ImageWriter jpeg = ImageIO.getImageWritersByFormatName("jpeg").next();

    /** Writes a file in the format that its name ends with. */
    void write(BufferedImage image, Path file) throws IOException {
        boolean isJpeg = file.toString().endsWith(".jpg");
        ImageWriter writer = isJpeg ? jpeg : png;
        ImageWriteParam parameters = writer.getDefaultWriteParam();
        if (isJpeg) {
            parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            parameters.setCompressionQuality(JPEG_QUALITY);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 15);
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), parameters);
        } finally {
            writer.reset();
        }
        Files.write(file, bytes.toByteArray());
    }

    @Override
    public void close() {
        png.dispose();
        jpeg.dispose();
    }
}
