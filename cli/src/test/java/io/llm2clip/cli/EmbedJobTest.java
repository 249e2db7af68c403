package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.nn.checkpoint.Checkpoint;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Long jobs of embed: what they read, and that they go on after an interruption. */
class EmbedJobTest {
    private static final String TEXTS =
            String.join("\n", IntStream.range(0, 700).mapToObj(i -> "kite " + i).toList());

    @TempDir
    static Path shared;

    private static Path model;
    private static Path pictures;

    @TempDir
    private Path folder;

    private final InputStream standardInput = System.in;
    private Path out;

    @BeforeAll
    static void write() throws IOException {
        model = Fixture.model(shared.resolve("model"));
        pictures = shared.resolve("pictures");
        Fixture.picture(pictures.resolve("b.png"), 0x208040);
        Fixture.picture(pictures.resolve("below/a.png"), 0x402010);
        Files.writeString(pictures.resolve("broken.jpg"), "no picture");
    }

    @BeforeEach
    void name() {
        out = folder.resolve("v.npy");
    }

    @AfterEach
    void restore() {
        System.setIn(standardInput);
    }

    private static Run embed(Object... more) {
        return Run.of(Stream.concat(Stream.of("embed", "--model", model), Stream.of(more))
                .toArray());
    }

    private static void give(String text) {
        System.setIn(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Standard input that fails in the middle of the job: all that is there until then is embedded and kept. */
    private static void giveUntilItBreaks() {
        System.setIn(new SequenceInputStream(
                new ByteArrayInputStream(
                        TEXTS.substring(0, TEXTS.indexOf("kite 600")).getBytes(StandardCharsets.UTF_8)),
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        throw new IOException("the cable was pulled");
                    }
                }));
    }

    private Path unfinished() {
        return out.resolveSibling(out.getFileName() + ".unfinished");
    }

    private Run interrupted(Object... more) {
        giveUntilItBreaks();
        Run run = embed(Stream.concat(Stream.of("--image", pictures, "--texts", "-", "--out", out), Stream.of(more))
                .toArray());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("error: Standard input cannot be read (the cable was pulled)")
                .contains(
                        "514 finished vectors are kept in " + unfinished() + "; the same command goes on from there.");
        assertThat(out).doesNotExist();
        assertThat(run.out()).isEmpty();
        return run;
    }

    @Test
    void theSameCommandGoesOnWhereAnInterruptedOneEnded() throws IOException {
        give(TEXTS);
        Path whole = folder.resolve("whole.npy");
        String names =
                embed("--image", pictures, "--texts", "-", "--out", whole).out();
        assertThat(names).hasLineCount(702);
        interrupted();
        // The row that a killed run was writing.
        byte[] rows = Files.readAllBytes(unfinished());
        Files.write(unfinished(), Arrays.copyOf(rows, rows.length - 3));
        give(TEXTS);
        Run run = embed("--image", pictures, "--texts", "-", "--out", out);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains("Going on behind 514 rows of a run that was interrupted.")
                // Counted, though it was found by the run before.
                .contains("1 of 3 images skipped.")
                .doesNotContain("broken.jpg");
        assertThat(run.out()).isEqualTo(names);
        assertThat(out).hasSameBinaryContentAs(whole);
        assertThat(unfinished()).doesNotExist();
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("v.npy", "whole.npy");
    }

    @Test
    void otherOptionsModelsAndInputAreToldAndRefused() throws IOException {
        interrupted();
        byte[] kept = Files.readAllBytes(unfinished());
        Path other = Fixture.model(folder.resolve("other"), 24);
        Path image = Fixture.picture(folder.resolve("other.png"), 0x102030);
        List<List<Object>> commands = List.of(
                List.of("--model", model, "--image", pictures, "--texts", "-", "--no-exif-orientation"),
                List.of("--model", model, "--image", pictures, "--texts", "-", "--weights", "bf16"),
                List.of("--model", other, "--image", pictures, "--texts", "-"),
                List.of("--model", model, "--image", image, "--texts", "-"),
                List.of("--model", model, "--texts", "-"),
                List.of("--model", model, "--image", pictures, "--text", "kite 0"));
        List<String> sentences = List.of(
                "has rows of an interrupted run that differs in: --exif-orientation; run that again to go on, or begin anew with --overwrite.",
                "differs in: model's vector of a text, model's vector of an image;",
                "differs in: model's vector of a text, model's vector of an image;",
                "with other input (expected " + pictures.resolve("b.png") + " next, found " + image + ");",
                "with other input (expected " + pictures.resolve("b.png") + " next, found kite 0);",
                "with other input (expected 511 more items); give that input to go on, or begin anew with --overwrite.");
        for (int i = 0; i < commands.size(); i++) {
            give(TEXTS);
            List<Object> command = new ArrayList<>(List.of("embed", "--out", out));
            command.addAll(commands.get(i));
            Run run = Run.of(command.toArray());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err()).contains("error: " + unfinished()).contains(sentences.get(i));
            assertThat(unfinished()).hasBinaryContent(kept);
            assertThat(out).doesNotExist();
        }
        Path b = pictures.resolve("b.png");
        FileTime time = Files.getLastModifiedTime(b);
        Files.setLastModifiedTime(b, FileTime.fromMillis(1));
        give(TEXTS);
        assertThat(embed("--image", pictures, "--texts", "-", "--out", out).err())
                .contains("with other input (" + b + " has changed since);");
        Files.setLastModifiedTime(b, time);
        Run anew = embed("--text", "a tent", "--out", out, "--overwrite");
        assertThat(anew.code()).isZero();
        assertThat(anew.out()).isEqualToNormalizingNewlines("a tent\n");
        assertThat(unfinished()).doesNotExist();
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void rowsStayWhenTheFileCannotBeMade() throws IOException {
        // Beside a link the rows find room, at its end the file does not.
        Path full = folder.resolve("gone/v.jsonl");
        Files.createDirectories(full.getParent());
        Path link = Files.createSymbolicLink(folder.resolve("v.jsonl"), full);
        Files.createSymbolicLink(folder.resolve("v.jsonl.unfinished"), Path.of("/dev/full"));
        Run run = embed("--text", "a tent", "--out", link);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("v.jsonl.unfinished: cannot be written (No space left on device);");
        assertThat(full).doesNotExist();
        assertThat(embed("--text", "a tent", "--out", link).code()).isZero();
        assertThat(full).content().startsWith("{\"text\":\"a tent\"");
    }

    @Test
    void aRunWithoutAVectorLeavesNothing() {
        Run run = embed("--image", pictures.resolve("broken.jpg"), "--out", out);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("None of the images can be read");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void jsonLinesGiveImagesAndCaptionsUnderKeys() throws IOException {
        Path lines = Files.writeString(pictures.resolve("data.jsonl"), """
                {"id": 1, "image": "b.png", "captions": ["a kite", "a tent"]}
                {"id": 2, "image": "broken.jpg"}
                nonsense
                {"id": 3, "caption": "a beach", "image": "none.png"}
                {"id": 4, "image": "below/a.png"}
                """);
        Run run = embed("--json-lines", lines, "--key-field", "id", "--json");
        Files.delete(lines);
        assertThat(run.code()).as(run.err()).isZero();
        List<JsonNode> found =
                run.out().lines().map(line -> Json.MAPPER.readTree(line)).toList();
        assertThat(found.stream()
                        .map(line -> line.path("key").asString("") + " "
                                + line.path("image").asString(line.path("text").asString("line"))
                                + (line.has("error") ? " -" : " +")))
                .containsExactly(
                        "1 b.png +",
                        "1 a kite +",
                        "1 a tent +",
                        "2 broken.jpg -",
                        " line -",
                        "3 none.png -",
                        "3 a beach +",
                        "4 below/a.png +");
        assertThat(found.get(4).path("line").asString()).isEqualTo(lines + ":3");
        assertThat(run.err()).contains("2 of 4 images skipped.", "1 line of the input skipped.");
        String plain =
                embed("--image", pictures.resolve("b.png"), "--text", "a beach").out();
        assertThat(values(found.get(0)))
                .isEqualTo(numbers(plain.lines().toList().get(0)));
        assertThat(values(found.get(6)))
                .isEqualTo(numbers(plain.lines().toList().get(1)));
    }

    private static List<Float> values(JsonNode line) {
        List<Float> values = new ArrayList<>();
        line.path("embedding").forEach(value -> values.add(value.asFloat()));
        return values;
    }

    private static List<Float> numbers(String line) {
        return Arrays.stream(line.substring(line.indexOf('\t') + 1).split(" "))
                .map(Float::parseFloat)
                .toList();
    }

    @Test
    void pathsComeFromStandardInputAndKeysGoIntoFiles() throws IOException {
        give(pictures.resolve("b.png") + "\n" + pictures.resolve("below/a.png") + "\n");
        Path file = folder.resolve("v.safetensors");
        assertThat(embed("--images", "-", "--text", "K\u00e4fer", "--out", file, "--dtype", "f16")
                        .code())
                .isZero();
        try (Checkpoint source = Checkpoint.open(file)) {
            assertThat(source.tensor("embeddings").shape()).containsExactly(3L, 6L);
            assertThat(source.tensor("embeddings").type().name()).isEqualTo("F16");
        }
        Path parquet = folder.resolve("v.parquet");
        assertThat(embed("--text", "a kite", "--out", parquet).code()).isZero();
        assertThat(new String(Files.readAllBytes(parquet), StandardCharsets.ISO_8859_1))
                .startsWith("PAR1")
                .endsWith("PAR1")
                .contains("a kite");
        give("{\"text\": \"a kite\"}\n");
        assertThat(embed("--json-lines", "-").out()).startsWith("a kite\t");
    }

    @Test
    void foldersBelowAreLeftOutIfAsked() {
        assertThat(embed("--image", pictures, "--no-recursive").out()).hasLineCount(1);
        assertThat(embed("--image", pictures, "--recursive").out()).hasLineCount(2);
        assertThat(embed("--image", pictures).out()).hasLineCount(2);
    }

    @Test
    void optionsThatDoNotFitAreBadUsage() {
        for (List<Object> bad : List.of(
                List.<Object>of("--texts", "-", "--images", "-", "Standard input (-) can be read once;"),
                List.<Object>of("--text", "a", "--key-field", "id", "Fields are those of JSON lines;"),
                List.<Object>of("--text", "a", "--dtype", "f16", "--dtype is for .npy, .parquet and .safetensors;"),
                List.<Object>of("--text", "a", "--dtype", "f8", "--out", out, "'--dtype'"),
                List.<Object>of(
                        "--text", "a", "--dtype", "f16", "--out", folder.resolve("a.tsv"), "--dtype is for .npy"))) {
            Run run = embed(bad.subList(0, bad.size() - 1).toArray());
            assertThat(run.code()).as(run.err()).isEqualTo(2);
            assertThat(run.err()).contains((String) bad.getLast());
        }
    }
}
