package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.data.TextVectorStore;
import io.llm2clip.model.TextModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheTextCommandTest {
    @TempDir
    static Path folder;

    private static Path text;

    @BeforeAll
    static void model() throws IOException {
        text = Fixture.model(folder.resolve("model")).resolve("text");
    }

    private static Path table(String name, int rows) throws IOException {
        StringBuilder table = new StringBuilder("id,long_captions,short_captions\n");
        for (int i = 0; i < rows; i++) {
            table.append("%d,\"a red kite, number %d\",a kite\n".formatted(i, i));
        }
        return Files.writeString(folder.resolve(name), table);
    }

    @Test
    void computesWhatIsMissingAndNothingTwice() throws IOException {
        Path data = table("once.csv", 30);
        Path vectors = folder.resolve("once");
        Run first = Run.of("cache-text", data, "--text", text, "--vectors", vectors, "--quiet");
        assertThat(first.err()).isEmpty();
        assertThat(first.out())
                .isEqualToIgnoringNewLines("60 captions of 30 examples: 31 computed, 31 in %s.".formatted(vectors));
        Run second = Run.of("cache-text", table("once.csv", 40), "--text", text, "--vectors", vectors, "--json");
        assertThat(second.json().path("computed").asInt()).isEqualTo(10);
        assertThat(second.json().path("stored").asInt()).isEqualTo(41);
        assertThat(second.json().path("captions").asInt()).isEqualTo(80);
    }

    /** What says that a store has all vectors of some data is not believed of another store in its place. */
    @Test
    void aMarkOfAStoreThatWasDeletedIsNotBelieved() throws IOException {
        Path data = table("marked.csv", 5);
        Path more = table("more.csv", 9);
        Path vectors = folder.resolve("marked");
        Object[] command = {"cache-text", data, "--text", text, "--vectors", vectors, "--json"};
        assertThat(Run.of(command).json().path("computed").asInt()).isEqualTo(6);
        assertThat(Run.of(command).json().path("computed").asInt()).isZero();
        for (String file : List.of("vectors.f32", "keys.bin", "finished")) {
            Files.delete(vectors.resolve(file));
        }
        Files.writeString(more, Files.readString(more).replace("kite", "boat"));
        assertThat(Run.of("cache-text", more, "--text", text, "--vectors", vectors, "--json")
                        .json()
                        .path("stored")
                        .asInt())
                .isEqualTo(10);
        Run again = Run.of(command);
        assertThat(again.json().path("computed").asInt()).isEqualTo(6);
        assertThat(again.json().path("stored").asInt()).isEqualTo(16);
    }

    @Test
    void sharesMakeTheSameStore() throws IOException {
        Path data = table("shares.csv", 25);
        Path whole = folder.resolve("whole");
        Path shared = folder.resolve("shared");
        assertThat(Run.of("cache-text", data, "--text", text, "--vectors", whole)
                        .code())
                .isZero();
        for (int part = 1; part <= 3; part++) {
            Run run = Run.of("cache-text", data, "--text", text, "--vectors", shared, "--part", part + "/3", "--json");
            assertThat(run.json().path("examples").asInt()).isEqualTo(part == 1 ? 9 : 8);
        }
        Run before = Run.of("inspect", shared);
        assertThat(before.code()).as(before.err()).isZero();
        assertThat(before.out().replaceAll("\\s+", " "))
                .startsWith(shared + ": a store of text vectors part-1-of-3 10 of 16 channels, F32 ")
                .contains(" part-3-of-3 9 of 16 channels, F32 ", "complete yes");
        Path mark = shared.resolve("part-2-of-3/finished");
        byte[] finished = Files.readAllBytes(mark);
        Files.delete(mark);
        Run filling = Run.of("inspect", shared);
        assertThat(filling.code()).as(filling.err()).isZero();
        assertThat(filling.out().replaceAll("\\s+", " "))
                .contains(" complete no " + mark.getParent()
                        + " is not finished; run 'llm2clip cache-text' with its --part again.");
        Files.write(mark, finished);
        Run last = Run.of("cache-text", data, "--text", text, "--vectors", shared, "--json");
        assertThat(last.json().path("computed").asInt()).isZero();
        assertThat(last.json().path("stored").asInt()).isEqualTo(26);
        assertThat(Files.size(shared.resolve("vectors.f32"))).isEqualTo(Files.size(whole.resolve("vectors.f32")));
        assertThat(Run.of("inspect", shared).out().replaceAll("\\s+", " "))
                .contains(
                        " vectors 26 of 16 channels, F32 ",
                        " text encoder attention bidirectional, ",
                        " files vectors.f32, ",
                        "It has the vectors of all captions of 1 data set.");
        assertThat(Run.of("inspect", shared, "--json")
                        .json()
                        .path("parts")
                        .path(0)
                        .path("facts")
                        .path("vectors")
                        .asInt())
                .isEqualTo(26);
        Files.write(shared.resolve("keys.bin"), new byte[0]);
        Run damaged = Run.of("inspect", shared);
        assertThat(damaged.code()).isEqualTo(1);
        assertThat(damaged.out().replaceAll("\\s+", " "))
                .contains("was finished with 26 vectors but has 0; delete it to build it anew.");
        try (Stream<Path> left = Files.list(shared)) {
            assertThat(left.filter(Files::isDirectory)).isEmpty();
        }
    }

    @Test
    void readsTarsAndSaysWhatItSkips() throws IOException {
        Path tar = folder.resolve("shard.tar");
        try (var out = new TarArchiveOutputStream(Files.newOutputStream(tar))) {
            entry(
                    out,
                    "1.json",
                    "{\"shortSV_captions\": \"brief\", \"longSV_captions\": \"a longer one\", \"caption\": \"no\"}");
            entry(out, "2.json", "{\"shortSV_captions\": 7}");
            entry(out, "3.json", "nonsense");
        }
        Run run = Run.of(
                "cache-text",
                tar,
                "--text",
                text,
                "--vectors",
                folder.resolve("tar"),
                "--quiet",
                "--caption-columns",
                "shortSV_captions,longSV_captions");
        assertThat(run.code()).isZero();
        assertThat(run.out()).startsWith("2 captions of 3 examples: 2 computed, 2 in ");
        assertThat(run.err())
                .contains("Skipped: 2 of %s has no caption; it has [json].".formatted(tar))
                .contains("Skipped: The JSON of 3 of %s is damaged".formatted(tar))
                .endsWith("2 of 3 examples skipped." + System.lineSeparator());
        Run none = Run.of(
                "cache-text",
                tar,
                "--text",
                text,
                "--vectors",
                folder.resolve("none"),
                "--quiet",
                "--caption-columns",
                "rawCaptions");
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err())
                .isEqualToIgnoringNewLines(
                        "error: %s has the columns caption, longSV_captions, shortSV_captions, expected rawcaptions; name the columns with captions."
                                .formatted(tar));
    }

    /** Vectors beside the data are taken, in any order; what they lack is computed, and then nothing is looked for again. */
    @Test
    void takesVectorsThatLieBesideTheData() throws IOException {
        Path tars = Files.createDirectories(folder.resolve("tars"));
        int dimension;
        try (TextModel model = TextModel.open(text)) {
            dimension = model.llama().config().hiddenSize();
        }
        try (var out = new TarArchiveOutputStream(Files.newOutputStream(tars.resolve("0.tar")))) {
            for (int i = 0; i < 4; i++) {
                entry(
                        out,
                        i + ".json",
                        "{\"shortSV_captions\": \"kite %d\", \"longSV_captions\": \"a long kite\"}".formatted(i));
            }
        }
        try (var out = new TarArchiveOutputStream(Files.newOutputStream(tars.resolve("0_text_embeddings.tar")))) {
            for (int i = 2; i >= 0; i--) {
                ByteBuffer vector = ByteBuffer.allocate(Float.BYTES * dimension).order(ByteOrder.LITTLE_ENDIAN);
                for (int d = 0; d < dimension; d++) {
                    vector.putFloat(i == 2 && d == 1 ? Float.NaN : i + d);
                }
                entry(out, i + ".shortSV_captions", vector.array());
            }
        }
        Path vectors = folder.resolve("taken");
        Object[] command = {
            "cache-text", tars, "--text", text, "--vectors", vectors, "--stored-vectors", "--store", "F16", "--quiet"
        };
        Run first = Run.of(command);
        assertThat(first.err()).isEmpty();
        // The third is not finite, the fourth is not there, and the long one is the same of all.
        assertThat(first.out())
                .isEqualToIgnoringNewLines(
                        "8 captions of 4 examples: 3 computed, 2 taken, 5 in %s.".formatted(vectors));
        assertThat(Files.size(vectors.resolve("vectors.f16"))).isEqualTo(4096 + 5L * 2 * dimension);
        try (TextModel model = TextModel.open(text);
                TextVectorStore store = TextVectorStore.open(vectors, model.fingerprint(), dimension)) {
            assertThat(store.get(model.encoder().formatted("kite 1"))[2]).isEqualTo(3);
        }
        Path mark;
        try (Stream<Path> files = Files.list(vectors)) {
            mark = files.filter(file -> file.getFileName().toString().startsWith("filled-"))
                    .findFirst()
                    .orElseThrow();
        }
        FileTime looked = Files.getLastModifiedTime(mark);
        Run second = Run.of(command);
        assertThat(second.out())
                .isEqualToIgnoringNewLines(
                        "8 captions of 4 examples: 0 computed, 0 taken, 5 in %s.".formatted(vectors));
        assertThat(Files.getLastModifiedTime(mark)).isEqualTo(looked);
        Run other = Run.of("cache-text", tars, "--text", text, "--vectors", vectors, "--store", "F32");
        assertThat(other.code()).isEqualTo(1);
        assertThat(other.err()).contains("has values of type F16, expected F32");
        try (var out = new TarArchiveOutputStream(Files.newOutputStream(tars.resolve("0_text_embeddings.tar")))) {
            entry(out, "0.shortSV_captions", new byte[12]);
        }
        Run wrong = Run.of(
                "cache-text",
                tars,
                "--text",
                text,
                "--vectors",
                folder.resolve("wrong"),
                "--stored-vectors",
                "--quiet");
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.err()).contains("The stored vector of \"kite 0\" has 12 bytes, expected " + 4 * dimension);
    }

    static void entry(TarArchiveOutputStream out, String name, String content) throws IOException {
        entry(out, name, content.getBytes(StandardCharsets.UTF_8));
    }

    static void entry(TarArchiveOutputStream out, String name, byte[] bytes) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(bytes.length);
        out.putArchiveEntry(entry);
        out.write(bytes);
        out.closeArchiveEntry();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0/3   | '0/3' is no share; expected K from 1 to N
            4/3   | '4/3' is no share; expected K from 1 to N
            1/0   | '1/0' is no share; expected K from 1 to N
            two   | 'two' is no share; expected K/N, such as 2/4
            -1/3  | '-1/3' is no share; expected K/N, such as 2/4
            """)
    void refusesShares(String part, String message) {
        Run run = Run.of("cache-text", "data.csv", "--text", text, "--vectors", folder.resolve("x"), "--part=" + part);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains(message);
    }

    @Test
    void aFolderOfOtherFilesIsNoStore() throws IOException {
        Path data = table("mine.csv", 3);
        Run run = Run.of("cache-text", data, "--text", text, "--vectors", folder);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("error: " + folder
                        + ": expected a store of text vectors or a new or empty folder, found other files (")
                .endsWith("); choose another name.\n")
                .hasLineCount(1);
        assertThat(folder.resolve("keys.bin")).doesNotExist();
    }
}
