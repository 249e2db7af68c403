package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import io.llm2clip.progress.Progress;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageCacheTest {
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
        ImageCache cache = ImageCache.load(source(), Progress.Phase.NONE);
        int[] drawn = {4, 0, 4, 1};
        float[] shifted = input(cache.select(drawn).shifted(3, 7));
        for (int b = 0; b < drawn.length; b++) {
            float[] expected =
                    PREPROCESSING.apply(Augmentation.randomShift(cache.read(drawn[b]), 3, 7 * 1_000_003L + b));
            assertThat(Arrays.copyOfRange(shifted, b * 192, (b + 1) * 192)).isEqualTo(expected);
        }
        assertThat(input(cache.select(drawn).shifted(3, 8))).isNotEqualTo(shifted);
        assertThat(input(cache.select(drawn).shifted(0, 7))).isEqualTo(input(cache.select(drawn)));
    }

    @Test
    void inputIsOfPreprocessedImages() throws Exception {
        ImageCache cache = ImageCache.load(source(), Progress.Phase.NONE);
        float[] second = PREPROCESSING.apply(ImageReader.DEFAULT.decode(Goldens.bytes("gray.jpg"), "gray"));
        assertThat(Arrays.copyOfRange(input(cache.select(0, 1)), 192, 384)).isEqualTo(second);
        assertThat(input(source().select(0, 1))).isEqualTo(input(cache.select(0, 1)));
    }

    @Test
    void brokenImagesAreReported() throws Exception {
        ImageCache cache = ImageCache.load(source(), Progress.Phase.NONE);
        assertThat(cache.count()).isEqualTo(6);
        assertThat(cache.failures()).hasSize(1);
        assertThat(cache.failures().getFirst().index()).isEqualTo(2);
        assertThat(cache.reasons()).singleElement().asString().contains("broken.png");
        assertThatThrownBy(() -> input(cache.select(0, 2)))
                .hasMessage("Image 2 could not be loaded or was left out; take the indices of usable().");
        ImageSource files = source();
        assertThatThrownBy(() -> input(files))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("broken.png");
    }

    @Test
    void imagesAreLeftOutByIndex() throws Exception {
        ImageCache cache = ImageCache.load(source(), Progress.Phase.NONE);
        assertThat(cache.usable()).containsExactly(0, 1, 3, 4, 5);
        ImageCache part = cache.only(List.of(1, 4));
        assertThat(part.usable()).containsExactly(1, 4);
        assertThat(part.read(4)).isEqualTo(cache.read(4));
        assertThatThrownBy(() -> part.read(3)).hasMessageContaining("Image 3");
        assertThatThrownBy(() -> cache.only(List.of(2))).hasMessageContaining("Image 2");
    }
}
