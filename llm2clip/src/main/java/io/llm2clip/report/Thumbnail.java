package io.llm2clip.report;

import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import javax.imageio.ImageIO;

/** A picture small enough for a page, whatever the size of its file. */
final class Thumbnail {
    private static final int SIDE = 224;

    private Thumbnail() {}

    /** The picture as the address of an {@code img}; empty if it cannot be read any more. */
    static Optional<String> of(Path file) {
        try {
            RgbImage image = ImageReader.DEFAULT.read(file);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.write(small(image), "jpeg", bytes);
            return Optional.of("data:image/jpeg;base64," + Base64.getEncoder().encodeToString(bytes.toByteArray()));
        } catch (InputException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new IllegalStateException("A picture in memory cannot be encoded.", e);
        }
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
