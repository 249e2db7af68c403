package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WebDatasetTest {
    private static final String JSON =
            "{\"caption\": \"raw\", \"shortSV_captions\": \"brief\", \"longSV_captions\": [\"long\", 3, null, \" \"], \"url\": \"no\"}";

    @TempDir
    Path folder;

    @Test
    void readsWhatImg2datasetWrites() throws Exception {
        Examples.tar(
                folder.resolve("00000.tar"),
                "000000000.jpg",
                Examples.png(1),
                "000000000.txt",
                "raw",
                "000000000.json",
                JSON,
                "000000001.JPG",
                Examples.png(2),
                "000000001.txt",
                "second\n");
        Examples.tar(
                folder.resolve("00001.tar"), "dir.v1/000000002.png", Examples.png(3), "dir.v1/000000002.txt", "third");
        Files.writeString(folder.resolve("00000_text_embeddings.tar"), "not looked at");
        WebDataset set = WebDataset.open(folder.toString(), CaptionColumns.BY_NAME);
        assertThat(set.shards()).isEqualTo(2);
        assertThat(set.size()).isEqualTo(3);
        assertThat(set.notes()).isEmpty();
        Example first = set.read(0, 0);
        assertThat(first.key()).isEqualTo("000000000");
        assertThat(first.texts()).containsExactly("raw", "brief", "long");
        assertThat(first.captions().get(1).column()).isEqualTo("shortSV_captions");
        assertThat(((ExampleImage.OfBytes) first.image().orElseThrow()).content())
                .isEqualTo(Examples.png(1));
        assertThat(set.read(0, 1).texts()).containsExactly("second");
        assertThat(set.read(1, 0).key()).isEqualTo("dir.v1/000000002");
    }

    @Test
    void columnsAreChosenWithoutRegardToCase() throws Exception {
        Path tar = Examples.tar(folder.resolve("a.tar"), "1.jpg", Examples.png(1), "1.txt", "raw", "1.json", JSON);
        WebDataset set = WebDataset.open(tar.toString(), new CaptionColumns(Set.of("SHORTSV_captions")));
        assertThat(set.read(0, 0).texts()).containsExactly("brief");
        assertThat(set.digest())
                .isNotEqualTo(
                        WebDataset.open(tar.toString(), CaptionColumns.BY_NAME).digest());
        assertThatThrownBy(() -> WebDataset.open(tar.toString(), new CaptionColumns(Set.of("missing", "txt"))))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        tar + " has the columns caption, longSV_captions, shortSV_captions, txt, url, expected missing;"
                                + " name the columns with captions.");
        Path without = Examples.tar(folder.resolve("b.tar"), "1.jpg", Examples.png(1), "2.txt", "two");
        assertThatThrownBy(() -> WebDataset.open(without.toString(), CaptionColumns.BY_NAME)
                        .read(0, 0))
                .isInstanceOf(InputException.class)
                .hasMessage("1 of %s has no caption; it has [jpg].".formatted(without));
    }

    @Test
    void dataOfOtherSizesHaveAnotherDigest() throws Exception {
        Path tar = Examples.tar(folder.resolve("a.tar"), "1.txt", "one");
        String digest = WebDataset.open(tar.toString(), CaptionColumns.BY_NAME).digest();
        assertThat(WebDataset.open(tar.toString(), CaptionColumns.BY_NAME).digest())
                .isEqualTo(digest);
        Examples.tar(tar, "1.txt", "one".repeat(5000));
        assertThat(WebDataset.open(tar.toString(), CaptionColumns.BY_NAME).digest())
                .isNotEqualTo(digest);
    }

    @Test
    void longNamesAndManyExamplesAreFoundAgain() throws Exception {
        Object[] entries = new Object[400];
        for (int i = 0; i < 100; i++) {
            String key = "d/".repeat(i) + "ünï" + i;
            entries[4 * i] = key + ".txt";
            entries[4 * i + 1] = "caption " + i + "x".repeat(13 * i);
            entries[4 * i + 2] = key + ".png";
            entries[4 * i + 3] = Examples.png(i);
        }
        WebDataset set =
                WebDataset.open(Examples.tar(folder.resolve("a.tar"), entries).toString(), CaptionColumns.BY_NAME);
        assertThat(set.size()).isEqualTo(100);
        for (int i = 99; i >= 0; i--) {
            Example example = set.read(0, i);
            assertThat(example.key()).endsWith("ünï" + i);
            assertThat(example.texts().getFirst()).isEqualTo("caption " + i + "x".repeat(13 * i));
            assertThat(((ExampleImage.OfBytes) example.image().orElseThrow()).content())
                    .isEqualTo(Examples.png(i));
        }
    }

    /** Within the third's picture, within its picture's header, and within its caption's, when the second may have had more parts. */
    @ParameterizedTest
    @CsvSource({
        "5640, 2, it ends within 3.png",
        "5300, 2, damaged (it ends within a header) after 2 examples",
        "4300, 1, damaged (it ends within a header) after 1 example"
    })
    void aShardThatIsCutOffIsUsedUpToThere(int length, int usable, String reason) throws Exception {
        Path whole = Examples.tar(
                folder.resolve("whole"),
                "1.txt",
                "one",
                "1.png",
                Examples.png(1),
                "2.txt",
                "two",
                "2.png",
                Examples.png(2),
                "3.txt",
                "three",
                "3.png",
                Examples.png(3));
        Path cut = folder.resolve("cut.tar");
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(whole), length));
        WebDataset set = WebDataset.open(folder.toString(), CaptionColumns.BY_NAME);
        assertThat(set.size()).isEqualTo(usable);
        assertThat(set.notes())
                .containsExactly("1 of 1 shards are damaged and used up to there: %s: %s.".formatted(cut, reason));
        assertThat(set.read(0, 0).texts()).containsExactly("one");
    }

    @Test
    void whatIsNoTarHasNoExamples() throws Exception {
        Files.writeString(folder.resolve("a.tar"), "no tar ".repeat(300));
        assertThatThrownBy(() -> WebDataset.open(folder.toString(), CaptionColumns.BY_NAME))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(folder + " has no examples (" + folder.resolve("a.tar") + ": damaged (")
                .hasMessageEndingWith("expected tar files with images and captions of the same name.");
    }

    @Test
    void damagedJsonIsOfItsExampleOnly() throws Exception {
        Path tar = Examples.tar(folder.resolve("a.tar"), "1.json", "{\"caption\": ", "2.json", JSON);
        WebDataset set = WebDataset.open(tar.toString(), CaptionColumns.BY_NAME);
        assertThatThrownBy(() -> set.read(0, 0))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("The JSON of 1 of " + tar + " is damaged (");
        assertThat(set.read(0, 1).texts()).containsExactly("raw", "brief", "long");
        assertThat(set.read(0, 1).image()).isEmpty();
    }

    @Test
    void missingAndCompressedShardsAreNamed() throws Exception {
        Examples.tar(folder.resolve("000.tar"), "1.txt", "one");
        assertThatThrownBy(() -> WebDataset.open(folder + "/{000..002}.tar", CaptionColumns.BY_NAME))
                .hasMessage(
                        "2 of 3 shards of %s/{000..002}.tar are missing, the first is %s; correct the range or fetch them."
                                .formatted(folder, folder.resolve("001.tar")));
        Files.writeString(folder.resolve("a.tar.gz"), "");
        assertThatThrownBy(() -> WebDataset.open(folder + "/a.tar.gz", CaptionColumns.BY_NAME))
                .hasMessageContaining("is compressed, expected a plain tar file");
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThatThrownBy(() -> WebDataset.open(empty.toString(), CaptionColumns.BY_NAME))
                .hasMessageStartingWith("The folder " + empty + " has no tar files;");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a.tar            | a.tar
            {08..11}.tar     | 08.tar 09.tar 10.tar 11.tar
            {a,b}/{0..1}.tar | a/0.tar a/1.tar b/0.tar b/1.tar
            """)
    void expandsBraces(String pattern, String names) {
        assertThat(Braces.expand(pattern)).isEqualTo(List.of(names.split(" ")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {5..3}.tar             | ends before it begins
            {a..b}.tar             | is no range
            {}.tar                 | is no range
            {0..999999999}.tar     | more than 1,000,000 shards
            {0..9999}{0..9999}.tar | more than 1,000,000 shards
            """)
    void refusesBraces(String pattern, String message) {
        assertThatThrownBy(() -> Braces.expand(pattern))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(message);
    }
}
