package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextSetsTest {
    @TempDir
    private Path folder;

    private static ExampleSet only(Path path) {
        List<ExampleSet> sets = TextSets.open(path.toString(), CaptionColumns.BY_NAME);
        assertThat(sets).hasSize(1);
        return sets.getFirst();
    }

    /** Blocks of lines are shards; broken lines are none of their examples. */
    @Test
    void linesAreReadAgainWhenTheyAreDrawn() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 2500; i++) {
            lines.append(
                    i % 100 == 7
                            ? "{\"captions\": []}\n"
                            : "{\"captions\": [\"a %d\", \"b %d\", 3]}\n".formatted(i, i));
        }
        ExampleSet set = only(Files.writeString(folder.resolve("captions.jsonl"), lines));
        assertThat(set.size()).isEqualTo(2475);
        assertThat(set.shards()).isEqualTo(3);
        assertThat(set.notes())
                .singleElement()
                .asString()
                .contains(
                        "2475 of 2500 lines used; skipped 25 (no captions, first in line 8); captions left out: 2475");
        assertThat(set.read(1, 0).texts()).containsExactly("a 1024", "b 1024");
        assertThat(set.read(0, 7).texts()).containsExactly("a 8", "b 8");
        assertThat(only(folder).digest()).isEqualTo(set.digest());
    }

    @Test
    void queriesHaveDocumentsInColumns() throws IOException {
        Path file = Files.writeString(folder.resolve("nli.jsonl"), """
                {"query": "q", "positive": "p", "negative": "n", "other": 1}
                {"query": "q 2", "positive": ["p 2", "p 3"], "negative": null}
                """);
        ExampleSet set = only(file);
        assertThat(set.read(0, 0).captions())
                .containsExactly(
                        new Example.Caption("query", "q"),
                        new Example.Caption("positive", "p"),
                        new Example.Caption("negative", "n"));
        assertThat(set.read(0, 1).texts()).containsExactly("q 2", "p 2", "p 3");
        Files.writeString(file, "{\"query\": \"q\"}\n");
        assertThatThrownBy(() -> only(file))
                .hasMessageContaining(
                        "1 unusable line of 1, the first is line 1 (no key \"positive\"); a line has the form");
    }

    @Test
    void aFolderOfFilesIsSeveralSets() throws IOException {
        for (String name : List.of("b.jsonl", "a.jsonl")) {
            Files.writeString(folder.resolve(name), "{\"captions\": [\"x\", \"y\"]}\n");
        }
        Files.writeString(folder.resolve("notes.txt"), "mine");
        assertThat(TextSets.open(folder.toString(), CaptionColumns.BY_NAME))
                .extracting(ExampleSet::name)
                .containsExactly(
                        folder.resolve("a.jsonl").toString(),
                        folder.resolve("b.jsonl").toString());
        Path table = Files.writeString(folder.resolve("t.csv"), "short_caption,long_caption\na,b c d\n");
        assertThat(only(table).read(0, 0).texts()).containsExactly("a", "b c d");
        assertThatThrownBy(() -> only(folder.resolve("absent.jsonl")))
                .hasMessageStartingWith(
                        "The caption file " + folder.resolve("absent.jsonl") + " does not exist; a line has");
    }

    @Test
    void aFileThatChangesIsNotMistaken() throws IOException {
        Path file = Files.writeString(folder.resolve("c.jsonl"), "{\"captions\": [\"x\", \"y\"]}\n");
        ExampleSet set = only(file);
        Files.writeString(file, "{\"captoins\": [\"x\", \"y\"]}\n");
        assertThatThrownBy(() -> set.read(0, 0))
                .hasMessage("A line of %s has changed since the run began (no key \"captions\"); start a new one."
                        .formatted(file));
    }
}
