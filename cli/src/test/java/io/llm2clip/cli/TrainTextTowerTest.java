package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** {@code train clip} with text towers, updates and vectors that are computed as it goes. */
class TrainTextTowerTest {
    @TempDir
    static Path folder;

    private static Path data;
    private static Path text;

    @BeforeAll
    static void write() throws IOException {
        data = folder.resolve("data");
        text = Fixture.model(folder.resolve("language")).resolve("text");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            Fixture.picture(data.resolve(i + ".png"), 0x080402 * (i + 1));
            lines.append("""
                    {"image": "%d.png", "captions": ["kite %d", "over a beach flies kite number %d, and it is red"]}
                    """.formatted(i, i, i));
        }
        Files.writeString(data.resolve("captions.jsonl"), lines);
    }

    private static Run train(String out, Object... more) {
        List<Object> command =
                new ArrayList<>(List.of("train", "clip", data, "--out", folder.resolve(out), "--batch", 6));
        command.addAll(List.of(more));
        if (!command.contains("--steps")) {
            command.addAll(List.of("--steps", 2));
        }
        return Run.of(command.toArray());
    }

    private static Object[] small(Object... more) {
        List<Object> all = new ArrayList<>(
                List.of("--image-size", 16, "--patch-size", 8, "--width", 64, "--layers", 1, "--embedding-size", 8));
        all.addAll(List.of(more));
        return all.toArray();
    }

    @Test
    void theBaselineIsACommandOfItsOwn() throws IOException {
        Run run = train(
                "clip",
                small(
                        "--text-tower",
                        "new",
                        "--tower-vocabulary",
                        300,
                        "--tower-window",
                        16,
                        "--tower-width",
                        32,
                        "--tower-layers",
                        1,
                        "--report",
                        folder.resolve("clip.html"),
                        "--json"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().path("retrievalByText").propertyNames()).containsExactly("text tower");
        assertThat(run.json().path("retrieval"))
                .isEqualTo(run.json().path("retrievalByText").path("text tower"));
        assertThat(folder.resolve("clip-vectors")).doesNotExist();
        assertThat(folder.resolve("clip.html")).content().contains("text_tower.window");
        assertThat(Files.readString(folder.resolve("clip/config.json"))).contains("\"eos_token_id\" : 1");
        Run inspect = Run.of("inspect", folder.resolve("clip"), "--json");
        assertThat(inspect.json().path("complete").asBoolean())
                .as(inspect.out())
                .isTrue();
        Run eval = Run.of("eval", data, "--model", folder.resolve("clip"));
        assertThat(eval.code()).as(eval.err()).isZero();
        assertThat(eval.out()).startsWith("20 images, 40 captions, embedded by the text tower");
        Run embed = Run.of("embed", "--model", folder.resolve("clip"), "--text", "a kite");
        assertThat(embed.code()).as(embed.err()).isZero();
    }

    @Test
    void aPublishedClipIsTunedAsAWhole() throws IOException {
        Path published = Fixture.dual(folder.resolve("published"));
        Run run = train("tuned", "--vision", published, "--text-tower", published);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(Files.readString(folder.resolve("tuned/config.json"))).contains("\"model_type\" : \"clip\"");
        assertThat(Run.of("eval", data, "--model", folder.resolve("tuned"), "--json")
                        .json()
                        .path("captionsBy")
                        .asString())
                .isEqualTo("text tower");
        Run unfit = train("unfit", small("--text-tower", published));
        assertThat(unfit.code()).isEqualTo(1);
        assertThat(unfit.err())
                .contains("The text branch gives embeddings of 6 channels, the vision tower of 8")
                .hasLineCount(1);
        assertThat(folder.resolve("unfit")).doesNotExist();
    }

    @Test
    void strategiesMakeTwoModels() {
        Run run = train(
                "joined",
                small("--text", text, "--text-tower", "new", "--tower-vocabulary", 300, "--strategy", "CONCATENATED"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains(
                        "captions by language model",
                        "captions by text tower",
                        "captions by language model and the text tower, joined");
        assertThat(run.err()).contains("That of the text tower is in " + folder.resolve("joined/clip"));
        assertThat(Run.of("eval", data, "--model", folder.resolve("joined")).out())
                .startsWith("20 images, 40 captions, embedded by the language model");
        assertThat(Run.of("eval", data, "--model", folder.resolve("joined/clip"))
                        .out())
                .startsWith("20 images, 40 captions, embedded by the text tower");
        assertThat(folder.resolve("joined-vectors")).isDirectory();

        Path joined = folder.resolve("joined");
        assertThat(Run.of("eval", data, "--model", joined, "--captions-by", "text_tower")
                        .out())
                .startsWith("20 images, 40 captions, embedded by the text tower");
        JsonNode eval = Run.of("eval", data, "--model", joined, "--captions-by", "joined", "--json")
                .json();
        assertThat(eval.path("captionsBy").asString()).isEqualTo("language model and the text tower, joined");
        Run similarity = Run.of(
                "similarity", "--json", "--model", joined, "--captions-by", "joined", data.resolve("1.png"), "a kite");
        assertThat(similarity.code()).as(similarity.err()).isZero();
        Run convert = Run.of("convert", joined, folder.resolve("converted"));
        assertThat(convert.err()).contains("that of the text tower is " + joined.resolve("clip"));
        Run none = Run.of("eval", data, "--model", joined.resolve("clip"), "--captions-by", "joined");
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err()).contains("expected a language model beside which a text tower was trained");
    }

    @Test
    void theLanguageModelReadsAsItGoes() {
        Run online = train("online", small("--text", text, "--text-vectors", "online", "--steps", 9));
        assertThat(online.code()).as(online.err()).isZero();
        assertThat(online.err())
                .contains(
                        "Stage 2 embeds 54 captions as it goes, of about 40 that there are; cached vectors (--text-vectors cached) would be less work.");
        assertThat(folder.resolve("online-vectors")).doesNotExist();
        Run updated = train(
                "updated",
                small("--text", text, "--text-lora", 2, "--text-lora-alpha", 4, "--chunk", 4, "--recompute"));
        assertThat(updated.code()).as(updated.err()).isZero();
        assertThat(folder.resolve("updated-run/args.json")).content().contains("\"text_lora.rank\" : \"2\"");
        assertThat(Run.of("eval", data, "--model", folder.resolve("updated"), "--json")
                        .code())
                .isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            --steps 1                                        | Nothing that reads captions; expected --text
            --text t --strategy BOTH                         | --strategy both is of use with --text-tower only
            --text-tower new --strategy BOTH                 | --strategy is of use with --text only
            --text t --text-tower new --strategy REPLACE     | A text tower that the language model replaces
            --text-tower new --text-vectors ONLINE           | --text-vectors is of use with --text only
            --text-tower new --vectors v                     | --vectors is of use with --text only
            --text-tower new --text-lora 4                   | --text-lora is of use with --text only
            --text t --text-lora-alpha 4                     | --text-lora-alpha is of use with --text-lora only
            --text t --text-lora-dropout 0.1                 | --text-lora-dropout is of use with --text-lora only
            --text t --text-lora 4 --text-vectors CACHED     | --text-vectors CACHED is of use with a language model
            --text t --text-vectors ONLINE --vectors v       | --vectors is of use with --text-vectors CACHED only
            --text t --tower-width 64                        | A size of a new text tower is of use with --text-tower new
            --text-tower new --tower-width 48                | A new text tower of 48 channels; expected a multiple of 32
            --text-tower new --tower-window 2                | from 3, begin, end and one between, to 65536 at a time.
            --text-tower new --tower-window 2147483647       | A new text tower of 1024 tokens that reads 2147483647 at a time;
            --text-tower new --tower-vocabulary 2147483647   | expected up to 1000000 tokens, and
            --text-tower new --tower-vocabulary 12           | A byte-level vocabulary needs at least 258 tokens
            """)
    void optionsThatContradictEachOtherAreBadUsage(String options, String sentence) {
        Run run = train("none", (Object[]) options.split(" "));
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains(sentence);
        assertThat(folder.resolve("none")).doesNotExist();
    }
}
