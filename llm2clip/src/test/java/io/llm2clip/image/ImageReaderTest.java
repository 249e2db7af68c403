package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/**
 * Golden pixels are Pillow 12's {@code Image.open(file).convert("RGB")}; orientations {@code exif_transpose}. Lossy files
 * have tolerances since decoders interpolate colour differently, WebP most of all on gradients this steep.
 */
class ImageReaderTest {
    private static final ImageReader READER = ImageReader.DEFAULT.withExifOrientation(false);

    @TempDir
    Path folder;

    private static int largestDifference(RgbImage actual, JsonNode golden) {
        RgbImage expected = Goldens.image(golden, "pixels");
        assertThat(actual.width()).isEqualTo(expected.width());
        assertThat(actual.height()).isEqualTo(expected.height());
        int largest = 0;
        for (int i = 0; i < expected.pixels().length; i++) {
            largest = Math.max(largest, Math.abs((expected.pixels()[i] & 0xff) - (actual.pixels()[i] & 0xff)));
        }
        return largest;
    }

    @ParameterizedTest
    @CsvSource({
        "rgb.png,0",
        "gray.png,0",
        "bilevel.png,0",
        "palette.png,0",
        "palette-transparent.png,0",
        "alpha.png,0",
        "gray-alpha.png,0",
        "gray16.png,0",
        "rgb.gif,0",
        "rgb.bmp,0",
        "lossless.webp,0",
        "rgb.jpg,2",
        "gray.jpg,2",
        "progressive.jpg,2",
        "rgb420.jpg,3",
        "cmyk.jpg,3",
        "lossy.webp,12",
        "simple-filter.webp,16",
        "animated.webp,16",
        "part-of-canvas.gif,0",
        "cmyk.tif,0",
        "turned.tif,0",
        "profile.jpg,2",
        "rgb16.png,0"
    })
    void decodesAsPillowDoes(String file, int tolerance) throws Exception {
        RgbImage image = READER.decode(Goldens.bytes(file), file);
        assertThat(largestDifference(image, Goldens.json("decoded.json").get(file)))
                .isLessThanOrEqualTo(tolerance);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void turnsImagesUnlessToldNotTo(int orientation) throws Exception {
        String file = "orientation" + orientation + ".jpg";
        byte[] content = Goldens.bytes(file);
        assertThat(largestDifference(
                        ImageReader.DEFAULT.decode(content, file),
                        Goldens.json("decoded.json").get(file)))
                .isLessThanOrEqualTo(2);
        assertThat(READER.decode(content, file)).isEqualTo(READER.decode(Goldens.bytes("orientation1.jpg"), "1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"orientation6.png", "orientation6.webp"})
    void turnsFormatsOtherThanJpegToo(String file) throws Exception {
        byte[] content = Goldens.bytes(file);
        assertThat(largestDifference(
                        ImageReader.DEFAULT.decode(content, file),
                        Goldens.json("decoded.json").get(file)))
                .isZero();
        assertThat(READER.decode(content, file).width()).isEqualTo(24);
    }

    @Test
    void refusesBombsBeforeDecoding() throws Exception {
        var small = READER.withMaxPixels(383);
        assertThatThrownBy(() -> small.decode(Goldens.bytes("rgb.png"), "bomb.png"))
                .isInstanceOf(InputException.class)
                .hasMessage("The image bomb.png cannot be decoded (24 x 16 pixels are more than the limit of 383).");
        byte[] canvas = Goldens.bytes("part-of-canvas.gif");
        canvas[7] = (byte) 0xff;
        canvas[9] = (byte) 0xff;
        assertThatThrownBy(() -> READER.decode(canvas, "canvas.gif"))
                .hasMessageContaining("65304 x 65296 pixels are more than the limit of 500000000");
        assertThat(READER.withMaxPixels(384)
                        .decode(Goldens.bytes("rgb.png"), "x")
                        .width())
                .isEqualTo(24);
    }

    @Test
    void saysWhatIsWrongWithAFile() throws Exception {
        Path missing = folder.resolve("missing.jpg");
        assertThatThrownBy(() -> READER.read(missing))
                .isInstanceOf(InputException.class)
                .hasMessage("The image %s cannot be read (it does not exist).", missing);
        assertThatThrownBy(() -> READER.read(folder)).isInstanceOf(InputException.class);
        Path empty = Files.createFile(folder.resolve("empty.png"));
        assertThatThrownBy(() -> READER.read(empty))
                .hasMessage("The image %s cannot be decoded (the file is empty).", empty);
        Path text = Files.writeString(folder.resolve("text.jpg"), "<html>404</html>");
        assertThatThrownBy(() -> READER.read(text))
                .hasMessage(
                        "The image %s cannot be decoded (it is a web page, not a picture; download it again).", text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "rgb.jpg",
                "progressive.jpg",
                "gray.jpg",
                "cmyk.jpg",
                "rgb.gif",
                "rgb.bmp",
                "lossy.webp",
                "lossless.webp"
            })
    void cutOffFilesAreRefused(String file) throws Exception {
        byte[] content = Goldens.bytes(file);
        byte[] half = Arrays.copyOf(content, content.length * 2 / 3);
        assertThatThrownBy(() -> READER.decode(half, file))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("The image " + file + " cannot be decoded (")
                .message()
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "rgb.jpg",
                "cmyk.jpg",
                "rgb.gif",
                "rgb.bmp",
                "lossless.webp",
                "lossy.webp",
                "orientation6.jpg"
            })
    void damagedFilesGiveAnImageOrOneSentence(String file) throws Exception {
        byte[] content = Goldens.bytes(file);
        var reader = ImageReader.DEFAULT.withMaxPixels(10_000);
        var random = new Random(file.hashCode());
        for (int trial = 0; trial < 50; trial++) {
            byte[] damaged = content.clone();
            for (int i = 0; i < 4; i++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            assertThatCode(() -> {
                        try {
                            reader.decode(damaged, file);
                        } catch (InputException e) {
                            assertThat(e.getMessage())
                                    .startsWith("The image " + file)
                                    .doesNotContain("\n");
                        }
                    })
                    .doesNotThrowAnyException();
        }
    }
}
