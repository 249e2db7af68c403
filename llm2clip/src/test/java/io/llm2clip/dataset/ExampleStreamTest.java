package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.image.ImageReader;
import io.llm2clip.image.Preprocessing;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExampleStreamTest {
    private static final Preprocessing PREPROCESSING = Preprocessing.miniature(8);

    @TempDir
    Path folder;

    @Test
    void batchesHaveEveryExampleOnceAnEpochAndItsImage() throws Exception {
        try (ExampleStream<String> stream = stream(Examples.folder(folder, 10), 3, Position.START)) {
            for (int epoch = 0; epoch < 3; epoch++) {
                List<String> keys = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    for (ExampleStream.Loaded<String> loaded : stream.next().examples()) {
                        String key = loaded.example().key();
                        keys.add(key);
                        assertThat(loaded.prepared()).isEqualTo("of " + key);
                        assertThat(key).isEqualTo("images/%d.png".formatted(red(loaded)));
                    }
                }
                assertThat(new HashSet<>(keys)).hasSize(9);
            }
        }
    }

    /** Whatever heap there is, and however many sources. */
    @Test
    void whatIsKeptIsAPartOfTheHeap() {
        long all = OrderedExamples.keptBytes(1);
        assertThat(all).isBetween(1L, Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 4));
        assertThat(OrderedExamples.keptBytes(3)).isEqualTo(all / 3);
    }

    @Test
    void goesOnWhereItStopped() throws Exception {
        Examples.folder(folder, 11, 2, 5);
        try (ExampleStream<String> whole = stream(folder, 3, Position.START)) {
            List<List<String>> batches = new ArrayList<>();
            List<Position> positions = new ArrayList<>(List.of(Position.START));
            for (int i = 0; i < 12; i++) {
                ExampleStream.Batch<String> batch = whole.next();
                batches.add(keys(batch));
                positions.add(batch.after());
            }
            for (int from = 0; from < 12; from++) {
                try (ExampleStream<String> resumed = stream(folder, 3, positions.get(from))) {
                    for (int i = from; i < 12; i++) {
                        assertThat(keys(resumed.next())).isEqualTo(batches.get(i));
                    }
                }
            }
        }
    }

    @Test
    void brokenExamplesAreReplacedAndCountedOnce() throws Exception {
        Examples.folder(folder, 12, 3, 7);
        try (ExampleStream<String> stream = stream(folder, 5, Position.START)) {
            for (int i = 0; i < 8; i++) {
                List<String> keys = keys(stream.next());
                assertThat(keys).hasSize(5).doesNotHaveDuplicates().doesNotContain("images/3.png", "images/7.png");
            }
            assertThat(stream.skipped().count()).isEqualTo(2);
            assertThat(stream.skipped().reasons()).allMatch(reason -> reason.contains("cannot be decoded"));
        }
    }

    @Test
    void tooFewUsableExamplesAreNamed() throws Exception {
        Examples.folder(folder, 4, 0, 1);
        try (ExampleStream<String> stream = stream(folder, 3, Position.START)) {
            assertThatThrownBy(stream::next)
                    .hasMessageStartingWith(
                            folder
                                    + " has fewer usable examples than a batch of 3: 2 cannot be used, the first because: The image ");
        }
        assertThatThrownBy(() -> stream(folder, 5, Position.START))
                .hasMessage("%s has 4 examples, fewer than a batch of 5; lower the batch or add examples."
                        .formatted(folder));
    }

    @Test
    void mostlyBrokenDataAreRefused() throws Exception {
        int[] broken = new int[60];
        for (int i = 0; i < 60; i++) {
            broken[i] = i;
        }
        Examples.folder(folder, 100, broken);
        try (ExampleStream<String> stream = stream(folder, 10, Position.START)) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 20; i++) {
                            stream.next();
                        }
                    })
                    .hasMessageContaining(" examples of " + folder + " cannot be used, the first because: The image ");
        }
    }

    /** A picture that would take for ever, by what its header says, is one of those that cannot be used. */
    @Test
    void picturesBeyondTheLimitAreLeftOut() throws Exception {
        Examples.folder(folder, 6);
        BufferedImage large = new BufferedImage(9, 8, BufferedImage.TYPE_INT_RGB);
        ImageIO.write(large, "png", folder.resolve("images/2.png").toFile());
        ImageReader limited = ImageReader.DEFAULT.withMaxPixels(64);
        try (ExampleStream<String> stream = new ImageExamples(CaptionFolder.open(folder), limited, PREPROCESSING)
                .stream(5, 1, Position.START, Example::key)) {
            assertThat(keys(stream.next())).doesNotContain("images/2.png").hasSize(5);
            stream.next();
            assertThat(stream.skipped().reasons())
                    .singleElement()
                    .asString()
                    .contains("9 x 8 pixels are more than the limit of 64");
        }
    }

    private static int red(ExampleStream.Loaded<String> loaded) {
        return loaded.image().pixels()[0] & 255;
    }

    private static List<String> keys(ExampleStream.Batch<String> batch) {
        return batch.examples().stream().map(loaded -> loaded.example().key()).toList();
    }

    private static ExampleStream<String> stream(Path folder, int batch, Position start) {
        return new ImageExamples(CaptionFolder.open(folder), ImageReader.DEFAULT, PREPROCESSING)
                .stream(batch, 1, start, example -> "of " + example.key());
    }
}
