package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageOptionsTest {
    @TempDir
    static Path folder;

    private static Path model;
    private static Path upright;

    @BeforeAll
    static void write() throws IOException {
        model = Fixture.model(folder.resolve("model"));
        upright = folder.resolve("upright.png");
        BufferedImage image = new BufferedImage(20, 24, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 24; y++) {
            for (int x = 0; x < 20; x++) {
                image.setRGB(x, y, x * 12 << 16 | y * 10 << 8 | x * y / 2);
            }
        }
        ImageIO.write(image, "png", upright.toFile());
    }

    /** The upright picture, stored as EXIF describes it. */
    private static Path stored(int orientation) throws IOException {
        BufferedImage image = ImageIO.read(upright.toFile());
        int width = image.getWidth();
        int height = image.getHeight();
        boolean transposed = orientation >= 5;
        BufferedImage stored =
                new BufferedImage(transposed ? height : width, transposed ? width : height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                // Rows count from this edge, columns from that one: the definition of the tag's values.
                int right = width - 1 - x;
                int bottom = height - 1 - y;
                int[] at = switch (orientation) {
                    case 2 -> new int[] {right, y};
                    case 3 -> new int[] {right, bottom};
                    case 4 -> new int[] {x, bottom};
                    case 5 -> new int[] {y, x};
                    case 6 -> new int[] {y, right};
                    case 7 -> new int[] {bottom, right};
                    case 8 -> new int[] {bottom, x};
                    default -> new int[] {x, y};
                };
                stored.setRGB(at[0], at[1], image.getRGB(x, y));
            }
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(stored, "png", png);
        return Files.write(folder.resolve("stored" + orientation + ".png"), withExif(png.toByteArray(), orientation));
    }

    private static byte[] withExif(byte[] png, int orientation) {
        byte[] exif = {
            'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte) orientation, 0, 0, 0, 0, 0, 0
        };
        byte[] content = ByteBuffer.allocate(4 + exif.length)
                .put("eXIf".getBytes(StandardCharsets.US_ASCII))
                .put(exif)
                .array();
        CRC32 crc = new CRC32();
        crc.update(content);
        int header = 33;
        return ByteBuffer.allocate(png.length + content.length + 8)
                .put(png, 0, header)
                .putInt(exif.length)
                .put(content)
                .putInt((int) crc.getValue())
                .put(png, header, png.length - header)
                .array();
    }

    private static String vector(Object... arguments) {
        Run run = Run.of(arguments);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return run.out().substring(run.out().indexOf('\t'));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyOrientationGivesTheUprightPicturesVector(int orientation) throws IOException {
        Path picture = stored(orientation);
        String expected = vector("embed", "--model", model, "--image", upright, "--quiet");
        assertThat(vector("embed", "--model", model, "--image", picture, "--quiet"))
                .isEqualTo(expected);
        String asStored = vector("embed", "--model", model, "--image", picture, "--quiet", "--no-exif-orientation");
        if (orientation == 1) {
            assertThat(asStored).isEqualTo(expected);
        } else {
            assertThat(asStored).isNotEqualTo(expected);
        }
    }

    @Test
    void aModelTrainedWithoutOrientationIsUsedWithout() throws IOException {
        Path picture = stored(6);
        Path other = Fixture.model(folder.resolve("as-stored"));
        Path description = other.resolve("llm2clip.json");
        String written = Files.readString(description);
        assertThat(written).contains("\"exif_orientation\" : true");
        Files.writeString(description, written.replace("\"exif_orientation\" : true", "\"exif_orientation\" : false"));
        String asStored = vector("embed", "--model", model, "--image", picture, "--quiet", "--no-exif-orientation");
        String turned = vector("embed", "--model", model, "--image", picture, "--quiet");
        assertThat(vector("embed", "--model", other, "--image", picture, "--quiet"))
                .isEqualTo(asStored);
        assertThat(vector("embed", "--model", other, "--image", picture, "--quiet", "--exif-orientation"))
                .isEqualTo(turned);
        assertThat(Run.of("similarity", "--model", other, picture, "a kite", "a tent")
                        .out())
                .isEqualTo(Run.of("similarity", "--model", model, "--no-exif-orientation", picture, "a kite", "a tent")
                        .out())
                .isNotEqualTo(Run.of("similarity", "--model", model, picture, "a kite", "a tent")
                        .out());
    }

    @Test
    void theLimitIsAnOption() throws IOException {
        Path large = folder.resolve("large.png");
        ImageIO.write(new BufferedImage(1500, 1000, BufferedImage.TYPE_BYTE_BINARY), "png", large.toFile());
        assertThat(Run.of("embed", "--model", model, "--image", large).code()).isZero();
        Run refused = Run.of("embed", "--model", model, "--image", large, "--max-megapixels", 1);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("1500 x 1000 pixels are more than the limit of 1000000");
        for (Object limit : List.of(0, -1, "x", "NaN", "99999999999")) {
            Run bad = Run.of("embed", "--model", model, "--image", large, "--max-megapixels", limit);
            assertThat(bad.code()).isEqualTo(2);
            assertThat(bad.err()).contains("--max-megapixels");
        }
    }

    @Test
    void helpNamesTheOptions() {
        for (String[] command : new String[][] {{"embed"}, {"similarity"}, {"eval"}, {"train", "clip"}}) {
            Object[] arguments = new Object[command.length + 1];
            System.arraycopy(command, 0, arguments, 0, command.length);
            arguments[command.length] = "--help";
            assertThat(Run.of(arguments).out()).contains("--[no-]exif-orientation", "--max-megapixels", "Transparency");
        }
    }
}
