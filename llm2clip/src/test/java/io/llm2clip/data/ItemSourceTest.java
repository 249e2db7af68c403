package io.llm2clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.progress.Progress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ItemSourceTest {
    @TempDir
    private Path folder;

    private static List<Item> items(ItemSource source) {
        List<Item> items = new ArrayList<>();
        source.forEach(items::add);
        return items;
    }

    private static ItemSource.LineInput pipe(String text) {
        return new ItemSource.LineInput(
                "Standard input", null, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private ItemSource.LineInput file(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("data.jsonl"), text);
        return new ItemSource.LineInput(file.toString(), file, InputStream.nullInputStream());
    }

    @Test
    void jsonLinesHaveImagesTextsAndKeys() throws IOException {
        ItemSource source =
                ItemSource.ofJsonLines(file("""
                        \uFEFF{"id": 7, "photo": "a/b.png", "caption": "a kite", "text": "not read"}\r

                        {"id": "x", "captions": ["one", "", "two\\ud800"], "photo": null}
                        {"id": 1.5, "caption": "no whole number"}
                        {"caption": "no key"}
                        not JSON
                        {"id": 8, "other": 1}
                        {"id": 9, "caption": 5}
                        {"id": 9, "photo": ["a"]}
                        {"id": 10, "photo": "/c.png"}"""), new ItemFields("photo", List.of("captions", "caption"), "id"));
        List<Item> items = items(source);
        assertThat(source.count()).isEqualTo(items.size()).isEqualTo(12);
        assertThat(items)
                .contains(
                        new Item.Image("a/b.png", folder.resolve("a/b.png"), "7"),
                        new Item.Text("a kite", "7"),
                        new Item.Text("one", "x"),
                        new Item.Text("", "x"),
                        new Item.Text("two\ufffd", "x"),
                        new Item.Image("/c.png", Path.of("/c.png"), "10"));
        assertThat(items.stream()
                        .filter(Item.Unusable.class::isInstance)
                        .map(item -> ((Item.Unusable) item).reason().replace(folder.toString(), "")))
                .containsExactly(
                        "Line 4 of /data.jsonl cannot be used (no field \"id\" with a string or a whole number).",
                        "Line 5 of /data.jsonl cannot be used (no field \"id\" with a string or a whole number).",
                        "Line 6 of /data.jsonl cannot be used (invalid JSON: column 1).",
                        "Line 7 of /data.jsonl cannot be used (no field \"photo\" or \"captions\", \"caption\").",
                        "Line 8 of /data.jsonl cannot be used (\"caption\" is neither a text nor a list of texts).",
                        "Line 9 of /data.jsonl cannot be used (\"photo\" is not a path).");
    }

    @Test
    void fieldsThatNoLineHasAreNamed() throws IOException {
        assertThatThrownBy(() ->
                        ItemSource.ofJsonLines(file("{\"file\": \"a.png\", \"title\": \"x\"}\n"), ItemFields.USUAL))
                .isInstanceOf(InputException.class)
                .hasMessageEndingWith(
                        "data.jsonl: expected JSON objects with a field \"image\" or \"captions\", \"caption\", \"text\", found \"file\", \"title\"; name the fields that have images and texts.");
        assertThatThrownBy(() -> ItemSource.ofJsonLines(file("\n \n"), ItemFields.USUAL))
                .hasMessageEndingWith("data.jsonl holds no lines; expected a JSON object per line.");
        assertThatThrownBy(() -> items(ItemSource.ofJsonLines(pipe("x\n"), ItemFields.USUAL)))
                .hasMessageContaining("found none in any line");
    }

    /** One line is in memory at a time, so what follows does not have to be there yet. */
    @Test
    void pipesAreReadLineByLine() {
        int[] read = {0};
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return read[0]++ % 10 == 9 ? '\n' : 'a';
            }
        };
        ItemSource source = ItemSource.ofTextLines(new ItemSource.LineInput("Standard input", null, endless));
        assertThat(source.count()).isEqualTo(Progress.UNKNOWN);
        int[] items = {0};
        assertThatThrownBy(() -> source.forEach(item -> {
                    if (++items[0] == 1000) {
                        throw new InputException("enough");
                    }
                }))
                .hasMessage("enough");
        assertThat(read[0]).isLessThan(100_000);
    }

    @Test
    void linesOfPathsLeaveBlankOnesOut() {
        assertThat(items(ItemSource.ofImageLines(pipe("a.png\r\n\n b.png\nbad\ufffd.png"))))
                .startsWith(
                        new Item.Image("a.png", Path.of("a.png"), null),
                        new Item.Image(" b.png", Path.of(" b.png"), null))
                .last()
                .isInstanceOf(Item.Unusable.class);
        assertThatThrownBy(() -> items(ItemSource.ofImageLines(pipe("\n"))))
                .hasMessage("Standard input holds no paths of images; expected one per line.");
    }

    @Test
    void filesAreCheckedFirst() throws IOException {
        Path binary = Files.write(folder.resolve("binary"), new byte[] {'a', '\n', (byte) 0xff, 'b'});
        for (Map.Entry<Path, String> bad : Map.of(
                        binary,
                        "binary: line 2 is not UTF-8; convert the file",
                        folder.resolve("none"),
                        "none cannot be read (there is no such file)",
                        folder,
                        " cannot be read (it is a folder)")
                .entrySet()) {
            ItemSource.LineInput input =
                    new ItemSource.LineInput(bad.getKey().toString(), bad.getKey(), InputStream.nullInputStream());
            assertThatThrownBy(() -> ItemSource.ofTextLines(input)).hasMessageContaining(bad.getValue());
        }
    }
}
