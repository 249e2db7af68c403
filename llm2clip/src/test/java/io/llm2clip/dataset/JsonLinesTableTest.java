package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLinesTableTest {
    @TempDir
    Path folder;

    @Test
    void keysAreColumns() throws Exception {
        Files.write(folder.resolve("1.png"), Examples.png(1));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 1500; i++) {
            lines.append(
                    "{\"image_path\": \"1.png\", \"shortSV_captions\": [\"short %d\", 3, null], \"longSV_captions\": \"long\", \"n\": 1}\r\n"
                            .formatted(i));
        }
        Path file = Files.writeString(folder.resolve("data.jsonl"), lines);
        ExampleSet set = ExampleSets.open(file.toString(), CaptionColumns.BY_NAME);
        assertThat(set.size()).isEqualTo(1500);
        Example example = set.read(1, 475);
        assertThat(example.texts()).containsExactly("short 1499", "long");
        assertThat(example.image().orElseThrow().name()).endsWith("1.png");
        assertThat(ExampleSets.open(file.toString(), new CaptionColumns(Set.of("longSV_captions")))
                        .captions(0, 7))
                .containsExactly("long");
    }

    @Test
    void whatIsWrongIsNamed() throws Exception {
        Path file = Files.writeString(
                folder.resolve("bad.jsonl"),
                "{\"image\": \"1.png\", \"caption\": 7}\n{\"image\": \"../1.png\", \"caption\": \"a\"}\nnonsense\n[1]\n{\"image\": \"2.png\", \"caption\": \"a\"}\n");
        ExampleSet set = ExampleSets.open(file.toString(), CaptionColumns.BY_NAME);
        assertThatThrownBy(() -> set.captions(0, 0))
                .isInstanceOf(InputException.class)
                .hasMessage("line 1 of %s has no caption.", file);
        assertThatThrownBy(() -> set.read(0, 1))
                .hasMessage(
                        "The image path leaves the folder of line 2 of %s (../1.png): expected a path within %s; put the table above its images."
                                .formatted(file, folder));
        assertThatThrownBy(() -> set.read(0, 2))
                .hasMessageStartingWith("The JSON of line 3 of " + file + " is damaged (");
        assertThatThrownBy(() -> set.read(0, 3)).hasMessage("The JSON of line 4 of %s is no object.", file);
        assertThatThrownBy(() -> set.read(0, 4))
                .hasMessage("The image 2.png of line 5 of %s is not in %s; add it.", file, folder);
        assertThatThrownBy(() -> ExampleSets.open(file.toString(), new CaptionColumns(Set.of("words"))))
                .hasMessage("%s has the columns image, caption, expected words; name the columns with captions.", file);
        Path empty = Files.writeString(folder.resolve("empty.jsonl"), "");
        assertThatThrownBy(() -> ExampleSets.open(empty.toString(), CaptionColumns.BY_NAME))
                .hasMessageStartingWith(empty + " is empty; expected");
    }
}
