package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class EmbedCommandTest {
    @TempDir
    static Path folder;

    private static Path model;
    private static Path pictures;

    @BeforeAll
    static void write() throws IOException {
        model = Fixture.model(folder.resolve("model"));
        pictures = folder.resolve("pictures");
        Fixture.picture(pictures.resolve("b.png"), 0x208040);
        Fixture.picture(pictures.resolve("below/a.PNG"), 0x402010);
        Files.writeString(pictures.resolve("broken.jpg"), "no picture");
        Files.writeString(pictures.resolve("notes.txt"), "not tried");
    }

    @Test
    void foldersStandForTheirImagesAndBrokenOnesAreCounted() {
        Run run = Run.of("embed", "--model", model, "--image", pictures, "--text", "a kite", "--json");
        assertThat(run.code()).isZero();
        List<JsonNode> all =
                run.out().lines().map(line -> Json.MAPPER.readTree(line)).toList();
        assertThat(all).hasSize(4);
        List<JsonNode> lines =
                all.stream().filter(line -> line.has("embedding")).toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0).path("image").asString()).endsWith("b.png");
        assertThat(lines.get(1).path("image").asString()).endsWith("a.PNG");
        assertThat(lines.get(2).path("text").asString()).isEqualTo("a kite");
        for (JsonNode line : lines) {
            double squares = 0;
            for (JsonNode value : line.path("embedding")) {
                squares += value.asDouble() * value.asDouble();
            }
            assertThat(line.path("embedding").size()).isEqualTo(6);
            assertThat(squares).isCloseTo(1, within(1e-5));
        }
        assertThat(run.err()).contains("broken.jpg cannot be decoded", "1 of 3 images skipped.");
    }

    /** A line per image, in the order of the files, so that nobody has to guess which are missing. */
    @Test
    void skippedImagesAreLinesWithTheReason() throws IOException {
        List<JsonNode> lines = Run.of("embed", "--model", model, "--image", pictures, "--json")
                .out()
                .lines()
                .map(line -> Json.MAPPER.readTree(line))
                .toList();
        assertThat(lines).hasSize(3);
        JsonNode broken = lines.get(2);
        assertThat(broken.path("image").asString()).endsWith("broken.jpg");
        assertThat(broken.path("error").asString()).contains("cannot be decoded");
        assertThat(broken.has("embedding")).isFalse();
        Path out = folder.resolve("with-errors.jsonl");
        Run.of("embed", "--model", model, "--image", pictures, "--out", out);
        assertThat(Files.readAllLines(out)).hasSize(3).last().asString().contains("\"error\":");
        assertThat(Run.of("embed", "--model", model, "--image", pictures).out())
                .hasLineCount(2)
                .doesNotContain("broken.jpg");
    }

    @Test
    void strictMakesASkippedImageAFailureAndKeepsTheOthers() throws IOException {
        Run run = Run.of("embed", "--model", model, "--image", pictures, "--strict");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).hasLineCount(2);
        assertThat(run.err())
                .contains(
                        "1 of 3 images skipped.",
                        "error: Not every image was embedded, which --strict makes a failure;");
        Path out = folder.resolve("strict.jsonl");
        assertThat(Run.of("embed", "--model", model, "--image", pictures, "--strict", "--out", out)
                        .code())
                .isEqualTo(1);
        assertThat(Files.readAllLines(out)).hasSize(3);
        assertThat(Run.of("embed", "--model", model, "--image", pictures.resolve("b.png"), "--strict")
                        .code())
                .isZero();
        // What is not even tried is missing as well.
        Path phone = Files.createDirectories(folder.resolve("phone"));
        Fixture.picture(phone.resolve("a.png"), 0x208040);
        Files.writeString(phone.resolve("b.heic"), "a format that is not read");
        assertThat(Run.of("embed", "--model", model, "--image", phone).code()).isZero();
        assertThat(Run.of("embed", "--model", model, "--image", phone, "--strict")
                        .code())
                .isEqualTo(1);
    }

    @Test
    void plainLinesAreNameTabValues() {
        Run run = Run.of("embed", "--model", model, "--text", "a kite", "a tent");
        assertThat(run.out().lines()).hasSize(2).allMatch(line -> line.matches("a (kite|tent)\\t(-?[0-9.E-]+ ?){6}"));
    }

    @Test
    void aFileIsWrittenWholeOrNotAtAll() throws IOException {
        Path out = folder.resolve("vectors.jsonl");
        assertThat(Run.of("embed", "--model", model, "--text", "a kite", "--out", out)
                        .code())
                .isZero();
        String before = Files.readString(out);
        assertThat(before).startsWith("{\"text\":\"a kite\",\"embedding\":[");
        Run failed = Run.of("embed", "--model", model, "--image", pictures.resolve("broken.jpg"), "--out", out);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err()).contains("error: None of the images can be read");
        assertThat(Files.readString(out)).isEqualTo(before);
    }

    @Test
    void nothingToEmbedIsBadUsage() {
        Run run = Run.of("embed", "--model", model);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).startsWith("error: Expected --image or --text.");
    }

    @Test
    void anEmptyFolderIsOneSentence() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        Run run = Run.of("embed", "--model", model, "--image", empty);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("error: The folder " + empty + " holds no images;")
                .hasLineCount(1);
    }

    @Test
    void whatIsLeftOutOfAFolderIsNamedOnce() throws IOException {
        Path photos = folder.resolve("photos");
        Path kept = Fixture.picture(photos.resolve("kept.png"), 0x102030);
        Files.copy(kept, photos.resolve("._kept.png"));
        Files.writeString(photos.resolve("1.heic"), "x");
        Files.writeString(photos.resolve("2.heic"), "x");
        Files.write(
                photos.resolve("really-heic.jpg"),
                new byte[] {0, 0, 0, 24, 'f', 't', 'y', 'p', 'h', 'e', 'i', 'c', 0, 0, 0, 0});
        Path nowhere = Files.createSymbolicLink(photos.resolve("gone.png"), photos.resolve("none.png"));
        Run run = Run.of("embed", "--model", model, "--image", photos, "--quiet");
        assertThat(run.code()).isZero();
        assertThat(run.out().lines()).hasSize(1).first().asString().startsWith(kept + "\t");
        assertThat(run.err().lines())
                .containsExactly(
                        "2 files are left out, the first is %s: HEIC is not read; convert them to JPEG or PNG."
                                .formatted(photos.resolve("1.heic")),
                        "The link " + nowhere + " leads nowhere and is left out.",
                        "Skipped: The image %s cannot be decoded (HEIC is not read; convert it to JPEG or PNG)."
                                .formatted(photos.resolve("really-heic.jpg")),
                        "1 of 2 images skipped.");
    }

    @Test
    void aMissingModelNamesTheDemo() {
        Run run = Run.of("embed", "--model", folder.resolve("none"), "--text", "a kite");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("error: There is no model directory ")
                .contains("run 'llm2clip demo'")
                .hasLineCount(1);
    }

    @Test
    void aFolderThatIsNoModelSaysWhatIsMissing() {
        Run run = Run.of("embed", "--model", pictures, "--text", "a kite");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("expected a trained model, but llm2clip.json")
                .hasLineCount(1);
    }

    @Test
    void saysOnceHowManyCaptionsWereCut() {
        String kites = "kite ".repeat(600);
        Run run =
                Run.of("embed", "--model", model, "--quiet", "--text", kites, "a tent", kites + "and a tent", "--json");
        assertThat(run.code()).isZero();
        assertThat(run.out()).hasLineCount(3);
        assertThat(run.err().lines())
                .containsExactly(
                        "2 of 3 captions are too long for the text encoder and cut; what their ends say does not count.");
        assertThat(Run.of("embed", "--model", model, "--quiet", "--text", "a tent")
                        .err())
                .isEmpty();
        Run similarity = Run.of("similarity", "--quiet", "--model", model, pictures.resolve("b.png"), kites, "a tent");
        assertThat(similarity.err().lines())
                .containsExactly(
                        "1 of 2 captions is too long for the text encoder and cut; what their ends say does not count.");
    }

    @Test
    void specialTokensInCaptionsAreTextUnlessAsked() {
        String text = Run.of("embed", "--model", model, "--quiet", "--text", "a kite<eot>")
                .out();
        String parsed = Run.of("embed", "--model", model, "--quiet", "--parse-special-tokens", "--text", "a kite<eot>")
                .out();
        assertThat(parsed).isNotEqualTo(text);
        assertThat(Run.of("embed", "--model", model, "--quiet", "--parse-special-tokens", "--text", "a kite")
                        .out())
                .isEqualTo(Run.of("embed", "--model", model, "--quiet", "--text", "a kite")
                        .out());
        for (Object[] help : new Object[][] {
            {"embed", "--help"},
            {"similarity", "--help"},
            {"eval", "--help"},
            {"train", "caption", "--help"},
            {"train", "clip", "--help"}
        }) {
            assertThat(Run.of(help).out()).contains("--parse-special-tokens").contains("captions are text");
        }
    }

    @Test
    void aPartOfAModelNamesTheModel() {
        Run run = Run.of("embed", "--model", model.resolve("text"), "--text", "a kite");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .endsWith("; did you mean " + model.toAbsolutePath() + "?\n")
                .hasLineCount(1);
    }
}
