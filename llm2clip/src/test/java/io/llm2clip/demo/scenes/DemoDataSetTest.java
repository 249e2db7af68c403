package io.llm2clip.demo.scenes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DemoDataSetTest {
    private static final DemoDataSetOptions OPTIONS = new DemoDataSetOptions(9, 5, 6, 2, 21);
    private static final DemoDataSet.Progress SILENT = (images, total) -> {};

    @TempDir
    Path folder;

    private DemoDataSet write(String name, DemoDataSetOptions options, int threads) throws IOException {
        return DemoDataSet.write(folder.resolve(name), options, threads, SILENT, Existing.REFUSE);
    }

    @Test
    void bytesDoNotDependOnTheNumberOfThreads() throws IOException {
        Path one = write("one", OPTIONS, 1).directory();
        Path many = write("many", OPTIONS, 5).directory();
        assertThat(contents(many)).isEqualTo(contents(one));
        assertThat(contents(
                        write("seed", new DemoDataSetOptions(9, 5, 6, 2, 22), 2).directory()))
                .isNotEqualTo(contents(one));
    }

    @Test
    void imagesAreThereAndDescribed() throws IOException {
        DemoDataSet data = write("data", OPTIONS, 2);
        assertThat(data.reused()).isFalse();
        Set<String> captions = new HashSet<>();
        for (Path file : List.of(data.trainCaptions(), data.validationCaptions(), data.testCaptions())) {
            for (JsonNode line : lines(file)) {
                Path image = file.resolveSibling(line.get("image").asString());
                BufferedImage read = ImageIO.read(image.toFile());
                assertThat(read.getWidth()).isEqualTo(128);
                assertThat(read.getHeight()).isEqualTo(128);
                assertThat(line.get("captions")).hasSize(3);
                assertThat(line.get("setting").asString()).isNotEmpty();
                assertThat(line.get("objects").get(0).get("kind").asString()).isNotEmpty();
                captions.add(line.get("captions").get(1).asString());
            }
        }
        assertThat(captions).as("no scene occurs twice").hasSize(20);
        assertThat(data.directory().resolve("train/images/000003.jpg")).exists();
        assertThat(data.directory().resolve("train/images/000004.png")).exists();
        assertThat(lines(data.trainCaptions())).hasSize(9);
    }

    @Test
    void otherWordsAndCorpusBelongToTheirScenes() throws IOException {
        DemoDataSet data = write("data", OPTIONS, 2);
        List<JsonNode> test = lines(data.testCaptions());
        List<JsonNode> other = lines(data.testCaptionsInOtherWords());
        assertThat(other).hasSameSizeAs(test);
        for (int i = 0; i < test.size(); i++) {
            assertThat(other.get(i).get("image")).isEqualTo(test.get(i).get("image"));
            assertThat(other.get(i).get("objects")).isEqualTo(test.get(i).get("objects"));
            assertThat(other.get(i).get("captions")).isNotEqualTo(test.get(i).get("captions"));
        }
        List<JsonNode> corpus = lines(data.textCorpus());
        assertThat(corpus)
                .hasSize(18)
                .allSatisfy(line -> assertThat(line.get("captions")).hasSize(3));
        Scene first = new SceneGenerator(21).scene(0);
        assertThat(corpus.getFirst().get("captions").get(1).asString())
                .isEqualTo(CaptionGrammar.captions(first, Wording.ALL, 1).firstLong());
    }

    @Test
    void smallerDataSetIsTheBeginningOfALargerOne() throws IOException {
        DemoDataSet small = write("small", new DemoDataSetOptions(4, 2, 3, 1, 21), 2);
        DemoDataSet large = write("large", OPTIONS, 2);
        assertThat(lines(large.testCaptions()))
                .startsWith(lines(small.testCaptions()).toArray(JsonNode[]::new));
        assertThat(lines(large.textCorpus()))
                .startsWith(lines(small.textCorpus()).toArray(JsonNode[]::new));
    }

    @Test
    void progressCountsEveryImageOnce() throws IOException {
        List<Integer> seen = new ArrayList<>();
        DemoDataSet.write(
                folder.resolve("data"),
                OPTIONS,
                3,
                (images, total) -> {
                    assertThat(total).isEqualTo(20);
                    seen.add(images);
                },
                Existing.REFUSE);
        assertThat(seen).hasSize(20).isSorted().doesNotHaveDuplicates().endsWith(20);
    }

    @Test
    void completeDataSetIsUsedAgain() throws IOException {
        Path written = write("data", OPTIONS, 2).directory();
        Map<String, ByteBuffer> before = contents(written);
        List<Integer> seen = new ArrayList<>();
        assertThat(DemoDataSet.write(written, OPTIONS, 2, (images, total) -> seen.add(images), Existing.REFUSE)
                        .reused())
                .isTrue();
        assertThat(seen).isEmpty();
        assertThat(contents(written)).isEqualTo(before);
    }

    @Test
    void otherOptionsAreRefused() throws IOException {
        Path written = write("data", OPTIONS, 2).directory();
        assertThatThrownBy(() -> write("data", new DemoDataSetOptions(9, 5, 6, 2, 22), 2))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(written + " holds a data set with other options: expected ")
                .hasMessageContaining("\"seed\":22")
                .hasMessageContaining("\"seed\":21")
                .hasMessageEndingWith("; choose another folder or replace it with --overwrite");
        assertThat(DemoDataSet.write(written, new DemoDataSetOptions(2, 1, 1, 1, 22), 2, SILENT, Existing.REPLACE)
                        .reused())
                .isFalse();
        assertThat(written.resolve("train/images")).isDirectoryNotContaining("glob:**/000003*");
    }

    @Test
    void damagedDataSetIsRefusedOrReplaced() throws IOException {
        Path written = write("data", OPTIONS, 2).directory();
        Files.delete(written.resolve("test/images/000000.png"));
        assertThatThrownBy(() -> write("data", OPTIONS, 2))
                .hasMessageContaining("is damaged: test/images/000000.png is missing or was cut off; choose");
        // What a power cut makes of a file that was not forced.
        Files.write(written.resolve("train/captions.jsonl"), new byte[0]);
        assertThatThrownBy(() -> write("data", OPTIONS, 2)).hasMessageContaining(", and 1 more; choose");
        DemoDataSet.write(written, OPTIONS, 2, SILENT, Existing.REPLACE);
        assertThat(write("data", OPTIONS, 2).reused()).isTrue();
    }

    @Test
    void foreignTargetsAreRefusedAndLeftAlone() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");
        assertThatThrownBy(() -> write("file", OPTIONS, 2))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(file + ": expected a new or empty folder, found a file; choose another name.");
        assertThatThrownBy(() -> write("file/below", OPTIONS, 2))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file.resolve("below") + ": cannot be written to: ");
        assertThat(file).hasContent("mine");
        Files.createDirectories(folder.resolve("photos/mine"));
        assertThatThrownBy(() -> write("photos", OPTIONS, 2)).hasMessageContaining("found other files (mine); choose");
        Files.createDirectory(folder.resolve("empty"));
        assertThat(write("empty", OPTIONS, 2).testCaptions()).exists();
    }

    @Test
    void failureLeavesNothingBehind() throws IOException {
        assertThatThrownBy(() -> DemoDataSet.write(
                        folder.resolve("data"),
                        OPTIONS,
                        2,
                        (images, total) -> {
                            throw new IllegalStateException("full");
                        },
                        Existing.REFUSE))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("cannot be written: an image could not be made")
                .hasMessageContaining("full");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void senselessOptionsAreRefused() {
        assertThatThrownBy(() -> new DemoDataSetOptions(0, 1, 1, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The number of training images is 0; choose one in 1..300000.");
        assertThatThrownBy(() -> write("data", OPTIONS, 0))
                .hasMessage("The number of threads is 0; it has to be at least 1.");
        assertThat(DemoDataSetOptions.standard(1)).isEqualTo(new DemoDataSetOptions(4000, 500, 1000, 1, 1));
        assertThat(DemoDataSetOptions.quick(1)).isEqualTo(new DemoDataSetOptions(1000, 100, 300, 1, 1));
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        JsonMapper json = new JsonMapper();
        return Files.readAllLines(file).stream().map(json::readTree).toList();
    }

    private static Map<String, ByteBuffer> contents(Path root) throws IOException {
        Map<String, ByteBuffer> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            files.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith(Manifest.FILE))
                    .forEach(file -> {
                        try {
                            contents.put(root.relativize(file).toString(), ByteBuffer.wrap(Files.readAllBytes(file)));
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        }
        return contents;
    }
}
