package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KarpathySplitsTest {
    private static final List<String> SPLITS = List.of("train", "restval", "val", "test");

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void write() throws Exception {
        StringBuilder images = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            images.append(
                    "%s{\"filepath\": \"val2014\", \"sentids\": [1], \"filename\": \"é%d.png\", \"split\": \"%s\", \"sentences\": [{\"tokens\": [\"a\"], \"raw\": \"One %d.\"}, {\"raw\": null}, {\"raw\": \"Two %d.\"}]}"
                            .formatted(i == 0 ? "" : ", ", i, SPLITS.get(i % 4), i, i));
        }
        file = Files.writeString(
                folder.resolve("dataset_coco.json"),
                "{\"dataset\": \"coco\", \"more\": {\"images\": 1}, \"images\": [" + images + "]}");
        Files.createDirectories(folder.resolve("images/val2014"));
        Files.write(folder.resolve("images/val2014/é2997.png"), Examples.png(7));
    }

    private ExampleSet open(String splits) {
        return ExampleSets.open(file + splits, CaptionColumns.BY_NAME);
    }

    @Test
    void splitsAreChosenAndEntriesFoundAgain() {
        ExampleSet training = open("");
        assertThat(training.size()).isEqualTo(1500);
        assertThat(training.shards()).isEqualTo(2);
        assertThat(training.captions(0, 0)).containsExactly("One 0.", "Two 0.");
        assertThat(training.captions(1, 1500 - 1024 - 1)).containsExactly("One 2997.", "Two 2997.");
        Example last = training.read(1, 1500 - 1024 - 1);
        assertThat(last.image().orElseThrow().name()).endsWith("images/val2014/é2997.png");
        ExampleSet test = open(":test");
        assertThat(test.size()).isEqualTo(750);
        assertThat(test.captions(0, 1)).containsExactly("One 7.", "Two 7.");
        assertThat(open(":val,test").size()).isEqualTo(1500);
        assertThat(open(":test,test").size()).isEqualTo(750);
        assertThat(test.digest()).isNotEqualTo(training.digest());
    }

    @Test
    void whatIsWrongIsNamed() throws Exception {
        assertThatThrownBy(() -> open("").read(0, 0))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "The image val2014/é0.png of image é0.png of %s is not in %s; add it.".formatted(file, folder));
        assertThatThrownBy(() -> open(":dev"))
                .hasMessage(
                        "%s: expected images of the split dev, found restval (750), test (750), train (750), val (750); name others, as in dataset_coco.json:val."
                                .formatted(file));
        for (String nothing : List.of(":,", ":val,", ":,val")) {
            assertThatThrownBy(() -> open(nothing)).hasMessageStartingWith(file + nothing + " is no data set;");
        }
        Path list = Files.writeString(folder.resolve("list.json"), "[{\"images\": []}]");
        assertThatThrownBy(() -> ExampleSets.open(list.toString(), CaptionColumns.BY_NAME))
                .hasMessageContaining("expected a JSON object with a list \"images\"");
        Path cut = Files.writeString(folder.resolve("cut.json"), "{\"images\": [{\"split\": \"train\"}, {\"spl");
        assertThatThrownBy(() -> ExampleSets.open(cut.toString(), CaptionColumns.BY_NAME))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is damaged");
    }
}
