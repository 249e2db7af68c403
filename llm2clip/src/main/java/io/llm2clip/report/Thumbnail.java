package io.llm2clip.report;

import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import javax.imageio.ImageIO;

/** A picture small enough for a page, whatever the size of its file. */
public final class Thumbnail {
    private static final int SIDE = 224;

    private final byte[] jpeg;

    private Thumbnail(byte[] jpeg) {
        this.jpeg = jpeg;
    }

    /** The picture of a file; empty if it cannot be read any more. */
    public static Optional<Thumbnail> of(Path file) {
        try {
            return Optional.of(of(ImageReader.DEFAULT.read(file)));
        } catch (InputException e) {
            return Optional.empty();
        }
    }

    /** A picture. */
    public static Thumbnail of(RgbImage image) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.write(small(image), "jpeg", bytes);
            return new Thumbnail(bytes.toByteArray());
        } catch (IOException e) {
            throw new IllegalStateException("A picture in memory cannot be encoded.", e);
        }
    }

    /** What {@link #write} wrote; empty if it cannot be read any more. */
    static Optional<Thumbnail> read(Path file) {
        try {
            return Optional.of(new Thumbnail(Files.readAllBytes(file)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Writes it as a JPEG file. */
    void write(Path file) throws IOException {
        Files.write(file, jpeg);
    }

    /** The address of an {@code img}, which holds the picture itself. */
    String source() {
        return "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(jpeg);
    }

    /** Each pixel is the mean of those that it covers. */
    private static BufferedImage small(RgbImage image) {
        double scale = Math.max(1, Math.max(image.width(), image.height()) / (double) SIDE);
        int width = Math.max(1, (int) Math.round(image.width() / scale));
        int height = Math.max(1, (int) Math.round(image.height() / scale));
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            int top = (int) ((long) y * image.height() / height);
            int bottom = Math.max(top + 1, (int) ((y + 1L) * image.height() / height));
            for (int x = 0; x < width; x++) {
                int left = (int) ((long) x * image.width() / width);
                int right = Math.max(left + 1, (int) ((x + 1L) * image.width() / width));
                picture.setRGB(x, y, mean(image, left, right, top, bottom));
            }
        }
        return picture;
    }

    private static int mean(RgbImage image, int left, int right, int top, int bottom) {
        int rgb = 0;
        for (int channel = 0; channel < 3; channel++) {
            long sum = 0;
            for (int y = top; y < bottom; y++) {
                for (int x = left; x < right; x++) {
                    sum += image.pixels()[3 * (y * image.width() + x) + channel] & 0xff;
                }
            }
            rgb = rgb << 8 | (int) (sum / ((long) (right - left) * (bottom - top)));
        }
        return rgb;
    }
}
