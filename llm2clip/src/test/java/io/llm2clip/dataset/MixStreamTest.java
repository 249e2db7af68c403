package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.image.ImageReader;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RandomCrop;
import io.llm2clip.image.RgbImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MixStreamTest {
    @TempDir
    Path folder;

    private ImageExamples images(String name, int count, boolean resampled, RandomCrop crop) throws Exception {
        return new ImageExamples(
                CaptionFolder.open(Examples.folder(folder.resolve(name), count)),
                new Sampling(5, resampled),
                ImageReader.DEFAULT,
                Preprocessing.miniature(4),
                crop);
    }

    /** What a batch is, to the pixel. */
    private static String text(MixStream.Batch<String> batch) {
        StringBuilder text = new StringBuilder(batch.source());
        batch.examples()
                .forEach(each -> text.append(' ')
                        .append(each.prepared())
                        .append(each.image().hashCode()));
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void goesOnWhereItStopped(boolean resampled) throws Exception {
        ImageMix mix = new ImageMix(
                List.of(
                        new ImageMix.Source(images("a", 11, resampled, new RandomCrop(0.3, 1)), 2),
                        new ImageMix.Source(images("b", 7, resampled, null), 1)),
                false);
        List<String> batches = new ArrayList<>();
        List<String> positions = new ArrayList<>(List.of(""));
        try (MixStream<String> whole = mix.stream(3, 1, "", Example::key)) {
            for (int step = 0; step < 20; step++) {
                batches.add(text(whole.next(step)));
                positions.add(whole.position());
            }
        }
        assertThat(batches)
                .anyMatch(batch -> batch.startsWith(folder.resolve("b").toString()));
        for (int from = 0; from < 20; from++) {
            try (MixStream<String> resumed = mix.stream(3, 1, positions.get(from), Example::key)) {
                for (int step = from; step < 20; step++) {
                    assertThat(text(resumed.next(step))).isEqualTo(batches.get(step));
                }
            }
        }
        assertThatThrownBy(() -> mix.stream(3, 1, "0:3", Example::key))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'0:3' is a position in other sources.");
    }

    @Test
    void sourcesAreDrawnByTheirWeights() throws Exception {
        ImageMix mix = new ImageMix(
                List.of(
                        new ImageMix.Source(images("a", 4, false, null), 3),
                        new ImageMix.Source(images("b", 4, false, null), 1)),
                false);
        try (MixStream<String> stream = mix.stream(2, 9, "", Example::key)) {
            int second = 0;
            for (int step = 0; step < 10_000; step++) {
                second += stream.source(step);
            }
            assertThat(second / 10_000.0).isCloseTo(0.25, within(0.02));
        }
        assertThatThrownBy(() -> DataMix.of(List.of(CaptionFolder.open(folder.resolve("a"))), List.of(0.0)))
                .hasMessage(
                        "The weight of a must be a number above 0, found 0.0; leave out a source that is not wanted.");
        assertThatThrownBy(() -> DataMix.of(List.of(CaptionFolder.open(folder.resolve("a"))), List.of(1.0, 2.0)))
                .hasMessage("There are 2 weights for 1 data sets; expected one for each.");
    }

    /** With crops an image is another one at each draw, and the same at the same draw. */
    @Test
    void cropsDifferFromDrawToDraw() throws Exception {
        byte[] pixels = new byte[3 * 40 * 40];
        new Random(1).nextBytes(pixels);
        List<RgbImage> pictures = List.of(new RgbImage(40, 40, pixels), new RgbImage(40, 40, pixels));
        ImageExamples images = new ImageExamples(
                new MemoryExamples(pictures),
                Sampling.DEFAULT,
                ImageReader.DEFAULT,
                Preprocessing.miniature(8),
                RandomCrop.STAGE_2);
        Set<Integer> seen = new HashSet<>();
        try (ExampleStream<String> stream = images.stream(2, 3, Position.START, Example::key)) {
            for (int i = 0; i < 10; i++) {
                stream.next().examples().forEach(each -> seen.add(each.image().hashCode()));
            }
        }
        assertThat(seen).hasSizeGreaterThan(10);
    }
}
