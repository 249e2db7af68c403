package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Several data sets, and what stage 2 makes of them. */
class ClipDataOptionsTest {
    @TempDir
    static Path folder;

    private static Path text;

    @BeforeAll
    static void write() throws IOException {
        text = Fixture.model(folder.resolve("model")).resolve("text");
        StringBuilder table = new StringBuilder("image,caption,long_caption\n");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            Fixture.picture(folder.resolve("images/" + i + ".png"), 0x080402 * (i + 1));
            table.append("images/%d.png,kite %d,\"a much longer caption, of kite number %d over a wide beach\"\n"
                    .formatted(i, i, i));
            lines.append("{\"image\": \"images/%d.png\", \"caption\": \"beach\"}\n".formatted(i));
        }
        Files.writeString(folder.resolve("kites.csv"), table);
        Files.writeString(folder.resolve("beaches.jsonl"), lines);
    }

    private static Run train(String out, Object... options) {
        List<Object> command = new ArrayList<>(List.of(
                "train",
                "clip",
                folder.resolve("kites.csv"),
                folder.resolve("beaches.jsonl"),
                "--text",
                text,
                "--out",
                folder.resolve(out),
                "--vectors",
                folder.resolve("vectors"),
                "--steps",
                12,
                "--batch",
                4,
                "--image-size",
                16,
                "--patch-size",
                8,
                "--width",
                64,
                "--layers",
                1,
                "--embedding-size",
                8));
        command.addAll(Arrays.asList(options));
        return Run.of(command.toArray());
    }

    private static List<String> kinds(String out) throws IOException {
        try (Stream<String> lines = Files.lines(folder.resolve(out + "-run/metrics.jsonl"))) {
            return lines.map(line -> Json.MAPPER.readTree(line))
                    .filter(line -> line.has("loss"))
                    .map(line -> line.path("kind").asString())
                    .toList();
        }
    }

    @Test
    void batchesComeFromEachSourceByWeight() throws IOException {
        Run run = train(
                "mixed",
                "--weights",
                "3,1",
                "--augment",
                "CROP",
                "--long-captions",
                "0.25",
                "--shuffle-buffer",
                8,
                "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().path("trainingImages").asInt()).isEqualTo(36);
        assertThat(run.json().path("measuredImages").asInt()).isEqualTo(4);
        assertThat(run.err()).contains("images of a batch have a caption in common; they are not told apart.");
        assertThat(kinds("mixed"))
                .hasSize(12)
                .containsOnly(
                        folder.resolve("kites.csv").toString(),
                        folder.resolve("beaches.jsonl").toString());
        assertThat(kinds("mixed").stream().filter(kind -> kind.endsWith("kites.csv")))
                .hasSizeGreaterThan(6);
        JsonNode settings =
                Json.MAPPER.readTree(folder.resolve("mixed-run/args.json")).path("settings");
        assertThat(settings.path("data.smallest").asString()).isEqualTo("0.9");
        assertThat(settings.path("data.long_share").asString()).isEqualTo("0.25");
        assertThat(settings.path("data.buffer").asString()).isEqualTo("8");
        assertThat(settings.path("stage_2.shift").asString()).isEqualTo("0");
        Run equal = train("equal", "--equal-as-negatives", "--resample");
        assertThat(equal.code()).as(equal.err()).isZero();
        assertThat(equal.err())
                .contains("images of a batch have a caption in common; they are negatives all the same, as asked for.")
                .doesNotContain("text vectors: ");
    }

    @Test
    void whatIsWrongIsSaidBeforeAnythingIsDone() {
        Run few = train("none", "--weights", "1");
        assertThat(few.code()).isEqualTo(2);
        assertThat(few.err()).contains("There are 1 weights for 2 data sets; expected one for each.");
        Run zero = train("none", "--weights", "1,0");
        assertThat(zero.code()).isEqualTo(2);
        assertThat(zero.err())
                .contains(
                        "The weight of beaches must be a number above 0, found 0.0; leave out a source that is not wanted.");
        Run share = train("none", "--long-captions", "1.5");
        assertThat(share.code()).isEqualTo(2);
        assertThat(share.err()).contains("--long-captions must be from 0 to 1, found 1.5.");
        assertThat(folder.resolve("none")).doesNotExist();
    }
}
