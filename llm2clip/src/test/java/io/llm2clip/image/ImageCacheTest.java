package io.llm2clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.progress.Progress;
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

    @Test
    void holdsTheSameImagesWhateverTheNumberOfThreads() throws Exception {
        List<Path> files = files();
        ImageCache one = ImageCache.load(files, ImageReader.DEFAULT, PREPROCESSING, 1, Progress.Phase.NONE);
        ImageCache four = ImageCache.load(files, ImageReader.DEFAULT, PREPROCESSING, 4, Progress.Phase.NONE);
        int[] usable = {0, 1, 3, 4, 5};
        assertThat(four.batch(usable)).isEqualTo(one.batch(usable));
        assertThat(four.shiftedBatch(3, 7, usable))
                .isEqualTo(one.shiftedBatch(3, 7, usable))
                .isNotEqualTo(one.shiftedBatch(3, 8, usable))
                .isNotEqualTo(one.batch(usable));
        assertThat(one.shiftedBatch(0, 7, usable)).isEqualTo(one.batch(usable));
    }

    @Test
    void batchesArePreprocessedImages() throws Exception {
        ImageCache cache = ImageCache.load(files(), ImageReader.DEFAULT, PREPROCESSING, 2, Progress.Phase.NONE);
        float[] second = PREPROCESSING.apply(ImageReader.DEFAULT.decode(Goldens.bytes("gray.jpg"), "gray"));
        float[] batch = cache.batch(0, 1);
        assertThat(Arrays.copyOfRange(batch, 192, 384)).isEqualTo(second);
    }

    @Test
    void brokenImagesAreReported() throws Exception {
        ImageCache cache = ImageCache.load(files(), ImageReader.DEFAULT, PREPROCESSING, 3, Progress.Phase.NONE);
        assertThat(cache.size()).isEqualTo(6);
        assertThat(cache.failures()).hasSize(1);
        assertThat(cache.failures().getFirst().index()).isEqualTo(2);
        assertThat(cache.failures().getFirst().reason()).contains("broken.png");
        assertThatThrownBy(() -> cache.batch(2))
                .hasMessage("Image 2 could not be loaded or was left out; take the indices of usable().");
    }

    @Test
    void imagesAreLeftOutByIndex() throws Exception {
        ImageCache cache = ImageCache.load(files(), ImageReader.DEFAULT, PREPROCESSING, 1, Progress.Phase.NONE);
        assertThat(cache.usable()).containsExactly(0, 1, 3, 4, 5);
        ImageCache part = cache.only(List.of(1, 4));
        assertThat(part.usable()).containsExactly(1, 4);
        assertThat(part.batch(4)).isEqualTo(cache.batch(4));
        assertThatThrownBy(() -> part.batch(3)).hasMessageContaining("Image 3");
        assertThatThrownBy(() -> cache.only(List.of(2))).hasMessageContaining("Image 2");
    }
}
