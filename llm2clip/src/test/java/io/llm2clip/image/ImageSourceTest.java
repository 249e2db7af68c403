package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSourceTest {
    private static final Preprocessing PREPROCESSING = Preprocessing.miniature(8);

    @TempDir
    Path folder;

    private List<Path> files() throws Exception {
        List<Path> files = new ArrayList<>();
        for (String name : List.of("rgb.png", "gray.jpg", "palette.png", "alpha.png", "rgb.gif")) {
            files.add(Files.write(folder.resolve(name), Goldens.bytes(name)));
        }
        files.add(2, Files.writeString(folder.resolve("broken.png"), "nonsense"));
        return files;
    }

    private ImageSource source() throws Exception {
        return ImageSource.ofFiles(files(), ImageReader.DEFAULT, PREPROCESSING);
    }

    private static float[] input(ImageSource images) {
        float[] input = new float[images.count() * 3 * 8 * 8];
        PREPROCESSING.normalize(images.readAll(), MemorySegment.ofArray(input));
        return input;
    }

    /** The formula of steps' images is part of every trained model. */
    @Test
    void shiftedImagesAreAFunctionOfSeedAndPlace() throws Exception {
        ImageSource files = source().select(5, 0, 5, 1);
        ImageSource sized = ImageSource.ofSized(files.readAll(), PREPROCESSING);
        float[] shifted = input(sized.shifted(3, 7));
        for (int b = 0; b < 4; b++) {
            float[] expected = PREPROCESSING.apply(Augmentation.randomShift(files.read(b), 3, 7 * 1_000_003L + b));
            assertThat(Arrays.copyOfRange(shifted, b * 192, (b + 1) * 192)).isEqualTo(expected);
        }
        assertThat(input(sized.shifted(3, 8))).isNotEqualTo(shifted);
        assertThat(input(sized.shifted(0, 7))).isEqualTo(input(sized)).isEqualTo(input(files));
    }

    @Test
    void inputIsOfPreprocessedImages() throws Exception {
        float[] second = PREPROCESSING.apply(ImageReader.DEFAULT.decode(Goldens.bytes("gray.jpg"), "gray"));
        assertThat(Arrays.copyOfRange(input(source().select(0, 1)), 192, 384)).isEqualTo(second);
    }

    @Test
    void brokenImagesAreNamed() throws Exception {
        ImageSource files = source();
        assertThatThrownBy(() -> input(files))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("broken.png");
    }
}
