package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionTableTest {
    @TempDir
    Path folder;

    private Path table(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    @Test
    void readsColumnsOfCaptionsAndTheImage() throws Exception {
        Files.createDirectory(folder.resolve("a"));
        Files.write(folder.resolve("a/1.png"), Examples.png(1));
        CaptionTable set = CaptionTable.open(table("a.csv", """
                        \ufeffImage_Path,raw_caption,longSV_captions,url
                        a/1.png,"one, ""quoted""
                        on two lines",long one,x
                        a/2.png,,größer,y\r
                        """), CaptionColumns.BY_NAME);
        assertThat(set.size()).isEqualTo(2);
        Example first = set.read(0, 0);
        assertThat(first.texts()).containsExactly("one, \"quoted\"\non two lines", "long one");
        assertThat(first.captions().getFirst().column()).isEqualTo("raw_caption");
        assertThat(first.image()).contains(new ExampleImage.OfFile(folder.resolve("a/1.png")));
        assertThat(set.captions(0, 1)).containsExactly("größer");
    }

    @Test
    void tabSeparatedTextsHaveNoQuotes() throws Exception {
        CaptionTable set = CaptionTable.open(
                table("a.tsv", "caption\tid\na 5\" disk\t1\n\"not closed\t2\n"), CaptionColumns.BY_NAME);
        assertThat(set.size()).isEqualTo(2);
        assertThat(set.read(0, 0).texts()).containsExactly("a 5\" disk");
        assertThat(set.read(0, 1).texts()).containsExactly("\"not closed");
        assertThat(set.read(0, 0).image()).isEmpty();
    }

    /** Blocks are cut without parsing; whatever a writer of CSV quotes must come back. */
    @Property(tries = 100)
    void whatIsWrittenIsRead(
            @ForAll @Size(min = 1, max = 30)
                    List<@StringLength(min = 1, max = 6) @Chars({'a', '"', ',', '\n', '\r', 'ü', ' '}) String> texts)
            throws IOException {
        StringWriter written = new StringWriter();
        try (CSVPrinter printer = new CSVPrinter(written, CSVFormat.RFC4180)) {
            printer.printRecord("n", "caption");
            for (int i = 0; i < 100; i++) {
                for (String text : texts) {
                    printer.printRecord("\"" + i, text);
                }
            }
        }
        Path file = Files.createTempFile("table", ".csv");
        try {
            Files.writeString(file, written.toString());
            CaptionTable set = CaptionTable.open(file, CaptionColumns.BY_NAME);
            List<String> read = new ArrayList<>();
            for (int shard = 0; shard < set.shards(); shard++) {
                for (int i = 0; i < set.size(shard); i++) {
                    read.add(caption(set, shard, i));
                }
            }
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                texts.forEach(text -> expected.add(text.strip()));
            }
            assertThat(read).isEqualTo(expected);
        } finally {
            Files.delete(file);
        }
    }

    private static String caption(CaptionTable set, int shard, int index) {
        try {
            return set.read(shard, index).texts().getFirst();
        } catch (InputException e) {
            assertThat(e).hasMessageEndingWith("has no caption.");
            return "";
        }
    }

    @Test
    void whatIsWrongIsNamed() throws Exception {
        Path file = table("a.csv", "image,words\n1.png,one\n");
        assertThatThrownBy(() -> CaptionTable.open(file, CaptionColumns.BY_NAME))
                .isInstanceOf(InputException.class)
                .hasMessage(file
                        + " has the columns image, words, expected one called caption, or whose name ends in _caption;"
                        + " name the columns with captions.");
        assertThat(CaptionTable.open(file, new CaptionColumns(Set.of("Words"))).captions(0, 0))
                .containsExactly("one");
        assertThatThrownBy(() -> CaptionTable.open(table("b.csv", ""), CaptionColumns.BY_NAME))
                .hasMessageEndingWith("is empty; expected a header and rows.");
        assertThatThrownBy(() -> CaptionTable.open(table("c.csv", "caption\n"), CaptionColumns.BY_NAME))
                .hasMessageEndingWith("has a header only; expected a row for each example below it.");
        CaptionTable set = CaptionTable.open(
                table("d.csv", "image,caption\nhttp://x/1.png,one\n1.png\n2.png, \n"), CaptionColumns.BY_NAME);
        assertThatThrownBy(() -> set.read(0, 0)).hasMessageContaining("is an address, http://x/1.png; fetch it first");
        assertThatThrownBy(() -> set.read(0, 1)).hasMessageEndingWith("has 1 fields, the header has 2.");
        assertThatThrownBy(() -> set.read(0, 2)).hasMessageEndingWith("has no caption.");
        assertThatThrownBy(() -> ExampleSets.open(folder.resolve("none").toString(), CaptionColumns.BY_NAME))
                .hasMessageStartingWith(folder.resolve("none") + " is no data set; expected");
    }

    @Test
    void imagesDoNotLeaveTheFolder() throws Exception {
        Path outside = Files.createTempFile("outside", ".png");
        try {
            CaptionTable set = CaptionTable.open(
                    table(
                            "e.csv",
                            "image,caption\n../%s,one\n%s,two\nnone.png,three\n"
                                    .formatted(outside.getFileName(), outside)),
                    CaptionColumns.BY_NAME);
            assertThatThrownBy(() -> set.read(0, 0))
                    .isInstanceOf(InputException.class)
                    .hasMessage(
                            "The image path leaves the folder of row 1 of %s (../%s): expected a path within %s; put the table above its images."
                                    .formatted(folder.resolve("e.csv"), outside.getFileName(), folder));
            assertThatThrownBy(() -> set.read(0, 1)).hasMessageContaining("expected a path within " + folder);
            assertThatThrownBy(() -> set.read(0, 2))
                    .hasMessage(
                            "The image none.png of row 3 of %s is not in %s; add it.", folder.resolve("e.csv"), folder);
            // What is computed of captions needs no image.
            assertThat(set.captions(0, 0)).containsExactly("one");
        } finally {
            Files.delete(outside);
        }
    }

    @Test
    void aNamedColumnThatIsMissingIsRefused() throws Exception {
        Path file = table("f.csv", "image,caption\n1.png,one\n");
        assertThatThrownBy(() -> CaptionTable.open(file, new CaptionColumns(Set.of("caption", "words"))))
                .isInstanceOf(InputException.class)
                .hasMessage("%s has the columns image, caption, expected words; name the columns with captions.", file);
    }

    /** A text of replaced characters is one that nobody wrote. */
    @Test
    void whatIsNoUtf8IsNamedRowByRow() throws Exception {
        String rows = "caption\ngrün\ngreen\n";
        Path latin = Files.write(folder.resolve("latin.csv"), rows.getBytes(StandardCharsets.ISO_8859_1));
        CaptionTable set = CaptionTable.open(latin, CaptionColumns.BY_NAME);
        assertThatThrownBy(() -> set.captions(0, 0))
                .isInstanceOf(InputException.class)
                .hasMessage("The text of record 2 of %s is not UTF-8; save it as UTF-8.", latin);
        assertThat(set.captions(0, 1)).containsExactly("green");
        Path wide = Files.write(folder.resolve("wide.csv"), rows.getBytes(StandardCharsets.UTF_16));
        assertThatThrownBy(() -> CaptionTable.open(wide, CaptionColumns.BY_NAME))
                .hasMessage("The text of record 1 of %s is not UTF-8; save it as UTF-8.", wide);
        Path tar = Examples.tar(folder.resolve("a.tar"), "1.txt", new byte[] {'g', 'r', (byte) 0xfc, 'n'});
        assertThatThrownBy(() ->
                        WebDataset.open(tar.toString(), CaptionColumns.BY_NAME).captions(0, 0))
                .hasMessage("The text of 1 of %s is not UTF-8; save it as UTF-8.", tar);
    }

    @Test
    void aQuoteThatIsNotClosedIsNamed() throws Exception {
        Path open = table("open.csv", "caption\n\"one\"\n\"two\nthree\nfour\n");
        assertThatThrownBy(() -> CaptionTable.open(open, CaptionColumns.BY_NAME))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "%s ends within a quote that record 3 opens; close it, or double it if it is a part of the text.",
                        open);
        Path closed = table("closed.csv", "caption\none\n\"" + "two\n".repeat(5 << 20) + "\"");
        CaptionTable set = CaptionTable.open(closed, CaptionColumns.BY_NAME);
        assertThat(set.captions(0, 0)).containsExactly("one");
        assertThatThrownBy(() -> set.captions(0, 1))
                .hasMessage("Record 3 of %s is longer than 16 MB, which no text is; leave it out.", closed);
    }

    @Test
    void whatHasNoHeaderIsNoTable() throws Exception {
        for (String content : List.of("\n\n\n", "\0\0,\0", " , \n1,2\n")) {
            Path file = table("none.csv", content);
            assertThatThrownBy(() -> CaptionTable.open(file, CaptionColumns.BY_NAME))
                    .isInstanceOf(InputException.class)
                    .hasMessage(
                            "The first line of %s names no columns; expected a header such as image,caption.", file);
        }
    }
}
