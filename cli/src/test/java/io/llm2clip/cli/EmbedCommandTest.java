package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
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
        assertThat(run.err()).startsWith("error: Expected --image, --images, --text, --texts or --json-lines.");
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
                .startsWith("error: There is no model ")
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
                        "2 of 3 captions are too long and cut: of a caption and its template 512 tokens are read, what its end says does not count; shorten it, or raise --max-length where the model can.");
        assertThat(Run.of("embed", "--model", model, "--quiet", "--text", "a tent")
                        .err())
                .isEmpty();
        Run similarity = Run.of("similarity", "--quiet", "--model", model, pictures.resolve("b.png"), kites, "a tent");
        assertThat(similarity.err().lines())
                .containsExactly(
                        "1 of 2 captions is too long and cut: of a caption and its template 512 tokens are read, what its end says does not count; shorten it, or raise --max-length where the model can.");
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

    private static Run embed(Object... more) {
        return Run.of(Stream.concat(Stream.of("embed", "--model", model), Stream.of(more))
                .toArray());
    }

    @Test
    void namesKeepTheirLine() {
        Run run = embed("--text", "a\tb", "two\nlines\r\n", "back\\slash", "K\u00e4fer\u2028\u001b[31m");
        assertThat(run.out().lines().map(line -> line.substring(0, line.indexOf('\t'))))
                .containsExactly("a\\tb", "two\\nlines\\r\\n", "back\\\\slash", "K\u00e4fer\\u2028\\u001b[31m");
    }

    @Test
    void anAtSignIsPartOfTheText() throws IOException {
        Path file = Files.writeString(folder.resolve("words"), "several words");
        Run run = embed("--text", "@" + file, "@name");
        assertThat(run.out().lines()).hasSize(2);
        assertThat(run.out()).startsWith("@" + file + "\t").contains("\n@name\t");
    }

    @Test
    void textsComeFromAFileOrStandardInput() throws IOException {
        Path file = folder.resolve("texts.txt");
        Files.writeString(file, "\uFEFFa kite\r\n\n@K\u00e4fer\n--quiet");
        Run run = embed("--texts", file, "--text", "first", "--json");
        assertThat(run.code()).isZero();
        assertThat(run.out()
                        .lines()
                        .map(line -> Json.MAPPER.readTree(line).path("text").asString()))
                .containsExactly("first", "a kite", "", "@K\u00e4fer", "--quiet");
        assertThat(embed("--texts", file, "--json").out())
                .isEqualTo(run.out().substring(run.out().indexOf('\n') + 1));
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream("a kite\na tent\n".getBytes(StandardCharsets.UTF_8)));
        try {
            assertThat(embed("--texts", "-").out().lines()).hasSize(2).allMatch(line -> line.startsWith("a "));
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void filesThatAreNoTextsAreRefusedBeforeAnyWork() throws IOException {
        Path latin =
                Files.write(folder.resolve("latin.txt"), "one\nK\u00e4fer\n".getBytes(StandardCharsets.ISO_8859_1));
        Path empty = Files.writeString(folder.resolve("empty.txt"), "");
        for (Map.Entry<Path, String> file : Map.of(
                        latin,
                        "latin.txt: line 2 is not UTF-8; convert",
                        empty,
                        "empty.txt holds no texts; expected one per line",
                        folder.resolve("none.txt"),
                        "none.txt cannot be read",
                        folder,
                        " cannot be read")
                .entrySet()) {
            Run run = Run.of("embed", "--model", folder.resolve("none"), "--texts", file.getKey());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .startsWith("error: ")
                    .contains(file.getValue())
                    .hasLineCount(1);
        }
    }

    @Test
    void theNameOfAFileDecidesItsFormat() throws IOException {
        float[] expected = vector(embed("--text", "a kite").out());
        for (String name : List.of("v.tsv", "v.txt", "V.TXT")) {
            assertThat(embed("--text", "a kite", "--out", folder.resolve(name)).code())
                    .isZero();
            assertThat(Files.readString(folder.resolve(name)))
                    .startsWith("a kite\t")
                    .hasLineCount(1);
            assertThat(vector(Files.readString(folder.resolve(name)))).isEqualTo(expected);
        }
        assertThat(embed("--text", "a kite", "--out", folder.resolve("v.json")).out())
                .isEmpty();
        assertThat(Files.readString(folder.resolve("v.json"))).startsWith("{\"text\":\"a kite\",\"embedding\":[");
        for (String name : List.of("v", "v.np", "v.csv", "v.pickle", "npy", "v.npy.gz")) {
            Run run = Run.of("embed", "--model", folder.resolve("none"), "--text", "a", "--out", folder.resolve(name));
            assertThat(run.code()).isEqualTo(2);
            assertThat(run.err())
                    .contains(name + ": expected a name that ends with .jsonl, .json, .tsv, .txt, .npy, .parquet or")
                    .hasLineCount(2);
            assertThat(folder.resolve(name)).doesNotExist();
        }
    }

    @Test
    void numpyFilesHoldTheValuesAndTheirNamesArePrinted() throws IOException {
        Path file = folder.resolve("v.npy");
        Run run = embed("--image", pictures, "--text", "a\tkite", "--out", file);
        assertThat(run.code()).isZero();
        assertThat(run.out().lines())
                .containsExactly(
                        pictures.resolve("b.png").toString(),
                        pictures.resolve("below/a.PNG").toString(),
                        "a\\tkite");
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.capacity()).isEqualTo(128 + 3 * 6 * Float.BYTES);
        byte[] header = new byte[128];
        bytes.get(header);
        assertThat(Arrays.copyOf(header, 10))
                .isEqualTo(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0});
        assertThat(new String(header, 10, 118, StandardCharsets.US_ASCII))
                .startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 6), } ")
                .endsWith(" \n");
        float[] last = new float[6];
        bytes.asFloatBuffer().get(12, last);
        assertThat(last).isEqualTo(vector(embed("--text", "a\tkite").out()));
        assertThat(embed("--text", "a", "--out", file, "--json").out())
                .isEqualToNormalizingNewlines("{\"text\":\"a\"}\n");
    }

    @Test
    void linksAreFollowedAndTyposRefused() throws IOException {
        Path target = folder.resolve("target.jsonl");
        Path link = Files.createSymbolicLink(folder.resolve("link.jsonl"), target);
        assertThat(embed("--text", "a kite", "--out", link).code()).isZero();
        assertThat(link).isSymbolicLink();
        assertThat(target).content().startsWith("{\"text\"");
        Run typo = embed("--text", "a kite", "--out", folder.resolve("tpyo/v.jsonl"));
        assertThat(typo.code()).isEqualTo(1);
        assertThat(typo.err())
                .contains("there is no folder", "create it or correct the path")
                .hasLineCount(1);
        assertThat(folder.resolve("tpyo")).doesNotExist();
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void pipesAndDevicesAreWrittenThrough() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> {
            try {
                return Files.readString(pipe);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertThat(embed("--text", "a kite", "--out", pipe).code()).isZero();
        assertThat(read.get(30, TimeUnit.SECONDS)).startsWith("{\"text\":\"a kite\"");
        assertThat(Files.isRegularFile(pipe)).isFalse();
        assertThat(embed("--text", "a kite", "--out", "/dev/null").code()).isZero();
        assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();
        Path numpy = Files.createSymbolicLink(folder.resolve("pipe.npy"), pipe);
        assertThat(embed("--text", "a kite", "--out", numpy).err())
                .contains("expected a regular file for .npy", "use .jsonl or .tsv")
                .hasLineCount(2);
    }

    @Test
    void theFileOfTheTextsIsNotReplaced() throws IOException {
        Path file = Files.writeString(folder.resolve("captions.txt"), "a kite\n");
        Path link = Files.createSymbolicLink(folder.resolve("same.txt"), file);
        Run run = embed("--texts", file, "--out", link);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("is the file of --texts").hasLineCount(1);
        assertThat(file).hasContent("a kite");
    }

    private static float[] vector(String line) {
        String[] values = line.substring(line.indexOf('\t') + 1).strip().split(" ");
        float[] vector = new float[values.length];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = Float.parseFloat(values[i]);
        }
        return vector;
    }
}
