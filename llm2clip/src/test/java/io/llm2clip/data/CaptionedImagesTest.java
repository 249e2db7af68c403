package io.llm2clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaptionedImagesTest {
    private static final String FORMAT =
            "a line has the form {\"image\": \"relative/path.jpg\", \"captions\": [\"a caption\", \"another one\"]}.";
    private static final String GOOD = "{\"image\": \"images/a.png\", \"captions\": [\"a dog\"]}\n";

    @TempDir
    Path folder;

    private Path captions;

    @BeforeEach
    void image() throws Exception {
        captions = folder.resolve("captions.jsonl");
        Files.createDirectory(folder.resolve("images"));
        Files.write(folder.resolve("images/a.png"), new byte[] {1});
    }

    @Test
    void readsLinesInOrderAndKeepsOtherKeys() throws Exception {
        Files.writeString(
                captions,
                "\ufeff{\"image\":\"images/a.png\",\"captions\":[\"ein schöner Hund\",\" \",\"two\"],\"id\":7}\r\n\n"
                        + GOOD);
        CaptionedImages set = CaptionedImages.open(folder);
        assertThat(set.size()).isEqualTo(2);
        CaptionedImage first = set.items().getFirst();
        assertThat(first.captions()).containsExactly("ein schöner Hund", "two");
        assertThat(first.extra().toString()).isEqualTo("{\"id\":7}");
        assertThat(first.image()).isEqualTo("images/a.png");
        assertThat(first.path()).isRegularFile();
        assertThat(set.items().get(1).extra().isEmpty()).isTrue();
        assertThat(set.report().summary()).isEqualTo(captions + ": 2 of 2 lines used; captions left out: 1 (blank).");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            nonsense                                          | invalid JSON
            {"image": "images/a.png", "captions": ["a"]} x    | invalid JSON
            {"image": "images/a.png", "captions": ["a"]       | invalid JSON
            [1, 2]                                            | not a JSON object
            "text"                                            | not a JSON object
            {"captions": ["a"]}                               | no key "image"
            {"image": 3, "captions": ["a"]}                   | "image" is not a path
            {"image": " ", "captions": ["a"]}                 | "image" is not a path
            {"image": "a\\u0000b", "captions": ["a"]}         | "image" is not a path
            {"image": "/etc/passwd", "captions": ["a"]}       | image path leaves the folder
            {"image": "../a.png", "captions": ["a"]}          | image path leaves the folder
            {"image": "images/../../a", "captions": ["a"]}    | image path leaves the folder
            {"image": "images/a.png"}                         | no key "captions"
            {"image": "images/a.png", "captions": {"a": "b"}} | "captions" is not a list
            {"image": "images/a.png", "captions": null}       | "captions" is not a list
            {"image": "images/a.png", "caption": 3}           | "caption" is not a list
            {"image": "images/a.png", "captions": ""}         | no captions
            {"image": "images/a.png", "captions": [3, null]}  | no captions
            {"image": "images/a.png", "captions": [["a"]]}    | no captions
            {"image": "images/a.png", "captions": []}         | no captions
            {"image": "images/a.png", "captions": ["", " "]}  | no captions
            {"image": "images/none.png", "captions": ["a"]}   | image file missing
            {"image": "images", "captions": ["a"]}            | image file missing
            """)
    void skipsAndReportsWhatCannotBeUsed(String line, String reason) throws Exception {
        Files.writeString(captions, GOOD.repeat(4) + line + "\n" + GOOD.repeat(6));
        DataReport report = CaptionedImages.open(folder).report();
        assertThat(report.reasons()).containsOnlyKeys(reason).containsValue(1);
        assertThat(report.examples().getFirst().line()).isEqualTo(5);
        assertThat(report.usable()).isEqualTo(10);
        assertThat(report.skipped()).isEqualTo(1);
        assertThat(report.summary())
                .startsWith(captions + ": 10 of 11 lines used; skipped 1 (" + reason + ", first in line 5")
                .endsWith(").");
    }

    @Test
    void captionsAreTakenAsPeopleWriteThem() throws Exception {
        String long10k = "long ".repeat(2000);
        Files.writeString(
                captions,
                "{\"image\": \"images/a.png\", \"captions\": \"one string\", \"unknown\": {\"deep\": [1]}}\n"
                        + "{\"image\": \"images/a.png\", \"caption\": \"another\", \"width\": 3}\n"
                        + "{\"image\": \"images/a.png\", \"caption\": [\"a\", \"b\"]}\n"
                        + "{\"image\": \"images/a.png\", \"captions\": [\"good\", 3, null, \"\", \" \", {}, \"too\"]}\n"
                        + "{\"image\": \"images/a.png\", \"captions\": [\"a\\u0000b\", \"" + long10k + "\"]}\n"
                        + "{\"image\": \"images/a.png\", \"captions\": [\"\\ud83d and \\ud83d\\ude00 and \\ude00\"]}\n");
        CaptionedImages set = CaptionedImages.open(folder);
        assertThat(set.items().stream().map(CaptionedImage::captions))
                .containsExactly(
                        List.of("one string"),
                        List.of("another"),
                        List.of("a", "b"),
                        List.of("good", "too"),
                        List.of("a\0b", long10k),
                        List.of("\ufffd and \ud83d\ude00 and \ufffd"));
        assertThat(set.items().get(1).extra().toString()).isEqualTo("{\"width\":3}");
        assertThat(set.report().complete()).isFalse();
        assertThat(set.report().summary())
                .isEqualTo(captions + ": 6 of 6 lines used; captions left out: 2 (blank), 3 (not a string).");
    }

    @Test
    void invalidJsonNamesLineAndColumn() throws Exception {
        Files.writeString(captions, GOOD + "{\"image\": \"images/a.png\", \"captions\": [\"a\"\n");
        assertThatThrownBy(() -> CaptionedImages.open(folder))
                .hasMessage(captions + " has 1 unusable line of 2, the first is line 2 (invalid JSON: column 43); "
                        + FORMAT);
    }

    @Test
    void linksMustNotLeadOutOfTheFolder(@TempDir Path outside) throws Exception {
        Files.write(outside.resolve("secret.png"), new byte[] {1});
        Files.createSymbolicLink(folder.resolve("images/link.png"), outside.resolve("secret.png"));
        Files.createSymbolicLink(folder.resolve("elsewhere"), outside);
        Files.createSymbolicLink(folder.resolve("images/inside.png"), folder.resolve("images/a.png"));
        Files.createSymbolicLink(folder.resolve("same"), folder.resolve("images"));
        String line = "{\"image\": \"%s\", \"captions\": [\"a\"]}\n";
        Files.writeString(
                captions,
                line.formatted("images/link.png")
                        + line.formatted("elsewhere/secret.png")
                        + line.formatted("../../etc/passwd")
                        + line.formatted("images/inside.png")
                        + line.formatted("same/a.png"));
        CaptionedImages set = CaptionedImages.open(folder);
        assertThat(set.items().stream().map(CaptionedImage::image)).containsExactly("images/inside.png", "same/a.png");
        assertThat(set.report().reasons())
                .containsEntry("image path leaves the folder by a link", 2)
                .containsEntry("image path leaves the folder", 1);
        assertThat(set.report().examples().getFirst().detail()).isEqualTo("images/link.png");
        Path linked = Files.createSymbolicLink(outside.resolve("data"), folder);
        assertThat(CaptionedImages.open(linked).size()).isEqualTo(2);
        Files.writeString(captions, line.formatted("elsewhere/secret.png"));
        assertThatThrownBy(() -> CaptionedImages.open(folder))
                .hasMessage(
                        captions + " names images outside its folder only, the first is elsewhere/secret.png in line 1;"
                                + " neither paths nor links may leave it, put the file above the images or copy them.");
    }

    @Test
    void aFolderTooHighNamesTheOnesBelow() throws Exception {
        for (String name : List.of("train", "test", "validation")) {
            Files.writeString(Files.createDirectory(folder.resolve(name)).resolve("captions.jsonl"), GOOD);
        }
        String expected = "The data folder " + folder
                + " has no captions.jsonl; found test/, train/, validation/ with one, give one of these.";
        assertThatThrownBy(() -> CaptionedImages.open(folder)).hasMessage(expected);
        assertThatThrownBy(() -> CaptionCorpus.open(folder)).hasMessage(expected);
    }

    @Test
    void moreThanOneBadLineInTenIsFatal() throws Exception {
        Files.writeString(captions, GOOD.repeat(9) + "x\n");
        assertThat(CaptionedImages.open(folder).size()).isEqualTo(9);
        Files.writeString(captions, GOOD.repeat(8) + "{}\n");
        assertThatThrownBy(() -> CaptionedImages.open(folder))
                .isInstanceOf(InputException.class)
                .hasMessage(captions + " has 1 unusable line of 9, the first is line 9 (no key \"image\"); " + FORMAT);
    }

    @Test
    void missingImagesAreNotBadLinesButOneIsNeeded() throws Exception {
        String missing = "{\"image\": \"images/none.png\", \"captions\": [\"a\"]}\n";
        Files.writeString(captions, missing.repeat(5) + GOOD.repeat(5));
        assertThat(CaptionedImages.open(folder).report().reasons()).containsEntry("image file missing", 5);
        Files.writeString(captions, missing);
        assertThatThrownBy(() -> CaptionedImages.open(folder))
                .hasMessage(captions
                        + " has 1 unusable line of 1, the first is line 1 (image file missing: images/none.png); "
                        + FORMAT);
    }

    @Test
    void mostImagesMissingIsAnErrorThatNamesTheFirst() throws Exception {
        String missing = "{\"image\": \"images/none%d.png\", \"captions\": [\"a\"]}\n";
        Files.writeString(captions, GOOD + missing.formatted(1) + missing.formatted(2));
        assertThatThrownBy(() -> CaptionedImages.open(folder))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        captions + ": the images of 2 of 3 lines do not exist, the first is images/none1.png in line 2;"
                                + " correct the paths or add the images.");
    }

    @Test
    void saysWhatIsMissing() throws Exception {
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> CaptionedImages.open(none))
                .isInstanceOf(InputException.class)
                .hasMessage("The data folder %s does not exist; give a folder of images with a captions.jsonl.", none);
        assertThatThrownBy(() -> CaptionedImages.open(folder))
                .hasMessage("The data folder %s has no captions.jsonl; %s", folder, FORMAT);
        Files.writeString(captions, "\n\n");
        assertThatThrownBy(() -> CaptionedImages.open(folder)).hasMessage("%s is empty; %s", captions, FORMAT);
    }

    @Test
    void binaryFilesAreRefusedInOneSentence() throws Exception {
        var random = new Random(3);
        for (int trial = 0; trial < 20; trial++) {
            byte[] noise = new byte[random.nextInt(20_000) + 1];
            random.nextBytes(noise);
            Files.write(captions, noise);
            assertThatThrownBy(() -> CaptionedImages.open(folder))
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith(captions.toString())
                    .message()
                    .doesNotContain("\n");
        }
    }

    @Test
    void aBadByteCostsOneLine() throws Exception {
        byte[] content = GOOD.repeat(20).getBytes(StandardCharsets.UTF_8);
        content[GOOD.length() + 5] = (byte) 0xff;
        Files.write(captions, content);
        DataReport report = CaptionedImages.open(folder).report();
        assertThat(report.reasons()).containsEntry("not UTF-8", 1);
        assertThat(report.usable()).isEqualTo(19);
    }

    @Test
    void hugeAndDeepLinesCostOneLineEach() throws Exception {
        Files.writeString(
                captions, GOOD.repeat(30) + "[".repeat(100_000) + "\n" + "x".repeat((16 << 20) + 2) + "\n" + GOOD);
        DataReport report = CaptionedImages.open(folder).report();
        assertThat(report.reasons()).containsEntry("invalid JSON", 1).containsEntry("line longer than 16 MiB", 1);
        assertThat(report.usable()).isEqualTo(31);
    }

    @Test
    void examplesAreBounded() throws Exception {
        String missing = IntStream.range(0, 500)
                .mapToObj(i -> "{\"image\": \"" + i + ".png\", \"captions\": [\"a\"]}\n")
                .collect(Collectors.joining());
        Files.writeString(captions, GOOD.repeat(500) + missing);
        assertThat(CaptionedImages.open(folder).report().examples()).hasSize(100);
    }

    @Test
    void aCorpusReadsTheSameFiles() throws Exception {
        Files.writeString(captions, GOOD + "{\"captions\": [\"x\", \"y\"]}\n");
        CaptionCorpus corpus = CaptionCorpus.open(folder);
        assertThat(corpus.groups()).containsExactly(List.of("a dog"), List.of("x", "y"));
        assertThat(corpus.captions()).containsExactly("a dog", "x", "y");
        assertThat(CaptionCorpus.open(captions)).isEqualTo(corpus);
        Files.writeString(captions, "{\"text\": \"x\"}\n");
        assertThatThrownBy(() -> CaptionCorpus.open(folder))
                .isInstanceOf(InputException.class)
                .hasMessage(captions + " has 1 unusable line of 1, the first is line 1 (no key \"captions\"); "
                        + "a line has the form {\"captions\": [\"a caption\", \"another one\"]}.");
        Path none = folder.resolve("none.jsonl");
        assertThatThrownBy(() -> CaptionCorpus.open(none)).hasMessageStartingWith("The caption file " + none);
        assertThatCode(() -> CaptionCorpus.open(folder.resolve("images")))
                .hasMessageContaining("has no captions.jsonl");
    }
}
