package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cameras and editors do to JPEG files: the pixels must stay those of the plain file, and half files be refused. */
class JpegFileTest {
    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static byte[] without(byte[] file, int end) {
        return Arrays.copyOf(file, file.length - end);
    }

    private static byte[] behindStart(byte[] file, byte[] inserted) {
        return join(Arrays.copyOf(file, 2), inserted, Arrays.copyOfRange(file, 2, file.length));
    }

    private static byte[] segment(int marker, byte[] content) {
        return join(bytes(0xff, marker, (content.length + 2) >> 8, content.length + 2), content);
    }

    private static RgbImage decode(byte[] file) {
        return ImageReader.DEFAULT.decode(file, "x.jpg");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "rgb420.jpg"})
    void whatFollowsTheEndDoesNotMatter(String name) throws Exception {
        byte[] file = Goldens.bytes(name);
        RgbImage plain = decode(file);
        byte[] noise = new byte[5000];
        new Random(1).nextBytes(noise);
        byte[] video = join(bytes(0, 0, 0, 24), "ftypmp42".getBytes(StandardCharsets.US_ASCII), noise);
        assertThat(decode(join(file, video))).isEqualTo(plain);
        assertThat(decode(join(file, file))).isEqualTo(plain);
        assertThat(decode(join(file, without(file, file.length / 2)))).isEqualTo(plain);
        assertThat(decode(join(file, bytes(0xff, 0xda, 0, 8, 1, 2, 3)))).isEqualTo(plain);
        assertThat(decode(join(file, bytes(0xff, 0xff, 0xff)))).isEqualTo(plain);
        assertThat(decode(join(file, new byte[4096]))).isEqualTo(plain);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.jpg", "progressive.jpg", "gray.jpg", "rgb420.jpg"})
    void aCompletePictureWithoutAnEndMarkerIsDecoded(String name) throws Exception {
        byte[] file = Goldens.bytes(name);
        RgbImage plain = decode(file);
        assertThat(decode(without(file, 2))).isEqualTo(plain);
        assertThat(decode(without(file, 1))).isEqualTo(plain);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.jpg", "gray.jpg", "rgb420.jpg"})
    void otherBytesInPlaceOfTheEndMarkerDoNotMatterInOneScan(String name) throws Exception {
        byte[] file = Goldens.bytes(name);
        RgbImage plain = decode(file);
        assertThat(decode(join(without(file, 2), new byte[100]))).isEqualTo(plain);
        assertThat(decode(join(without(file, 2), "some text".getBytes(StandardCharsets.US_ASCII))))
                .isEqualTo(plain);
    }

    @Test
    void otherBytesInPlaceOfFurtherScansAreRefused() throws Exception {
        byte[] file = Goldens.bytes("progressive.jpg");
        byte[] filling = new byte[5000];
        Arrays.fill(filling, (byte) 0x55);
        for (int cut = 2; cut < 200; cut += 11) {
            byte[] filled = join(without(file, cut), filling);
            assertThatThrownBy(() -> decode(filled)).isInstanceOf(InputException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "rgb420.jpg"})
    void everyCutIntoTheDataIsNoticed(String name) throws Exception {
        byte[] file = Goldens.bytes(name);
        byte[] thumbnail = Goldens.bytes("rgb420.jpg");
        byte[] withThumbnail =
                behindStart(file, segment(0xe1, join("Exif\0\0".getBytes(StandardCharsets.US_ASCII), thumbnail)));
        // The last bytes of a scan may be filling, so the cut is one pixel row's worth away from the end.
        for (int cut : new int[] {60, 100, file.length / 3, file.length / 2, file.length - 30}) {
            assertThatThrownBy(() -> decode(without(file, cut)))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith("The image x.jpg cannot be decoded (");
            assertThatThrownBy(() -> decode(without(withThumbnail, cut))).isInstanceOf(InputException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.jpg", "progressive.jpg", "cmyk.jpg"})
    void thumbnailsProfilesAndCommentsStayAwayFromTheDecoder(String name) throws Exception {
        byte[] file = Goldens.bytes(name);
        RgbImage plain = decode(file);
        byte[] thumbnail = Goldens.bytes("rgb420.jpg");
        assertThat(decode(behindStart(
                        file, segment(0xe1, join("Exif\0\0".getBytes(StandardCharsets.US_ASCII), thumbnail)))))
                .isEqualTo(plain);
        assertThat(decode(behindStart(
                        file, segment(0xe2, "ICC_PROFILE\0\1\1nonsense".getBytes(StandardCharsets.US_ASCII)))))
                .isEqualTo(plain);
        assertThat(decode(behindStart(file, segment(0xfe, bytes(0xff, 0xd9, 0xff, 0xda)))))
                .isEqualTo(plain);
        assertThat(decode(behindStart(file, bytes(0xff, 0xff, 0xff)))).isEqualTo(plain);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void orientationsAreThoseOfTheUprightPictureAfterPreprocessing(int orientation) throws Exception {
        String file = "orientation" + orientation + ".jpg";
        byte[] content = Goldens.bytes(file);
        for (Preprocessing preprocessing : new Preprocessing[] {Preprocessing.clip(7), Preprocessing.siglip(5)}) {
            RgbImage upright = preprocessing.resized(decode(content));
            Path path = Files.createTempFile("turned", ".jpg");
            try {
                Files.write(path, content);
                assertThat(ImageReader.DEFAULT.resized(path, preprocessing)).isEqualTo(upright);
            } finally {
                Files.delete(path);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "MM",
                "MM\0*\uffff\uffff\uffff\uffff",
                "MM\0*\0\0\0\b\0\1\1\u0012\0\2\0\0\0\1\0\0\0\0",
                "MM\0*\0\0\0\b\u00ff\u00ff\1\u0012\0\3\0\0\0\1\0\u0063\0\0",
                "II*\0\b\0\0\0\1\0\u0012\1\3\0\1\0\0\0\t\0\0\0"
            })
    void brokenExifSaysNothing(String exif) throws Exception {
        byte[] file = Goldens.bytes("rgb.jpg");
        byte[] block = ("Exif\0\0" + exif).getBytes(StandardCharsets.ISO_8859_1);
        assertThat(decode(behindStart(file, segment(0xe1, block)))).isEqualTo(decode(file));
    }
}
