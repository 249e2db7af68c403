package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.model.TextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Stage 1 from several sources of texts. */
class TrainTextsTest {
    @TempDir
    static Path folder;

    private static Path collection;
    private static Path captions;

    @BeforeAll
    static void write() throws IOException {
        collection = Files.createDirectories(folder.resolve("collection"));
        StringBuilder questions = new StringBuilder();
        StringBuilder pairs = new StringBuilder();
        StringBuilder groups = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            questions.append("""
                    {"query": "where is kite %d", "positive": "kite %d is over the beach today", "negative": "tent %d is over there"}
                    """.formatted(i, i, i));
            pairs.append("{\"query\": \"a red kite %d\", \"positive\": \"kite %d is red\"}\n".formatted(i, i));
            groups.append("""
                    {"captions": ["Kite %d", "A kite with the number %d flies over a wide sandy beach in the sun."]}
                    """.formatted(i, i));
        }
        Files.writeString(collection.resolve("questions.jsonl"), questions);
        Files.writeString(collection.resolve("nli.jsonl"), pairs);
        captions = Files.writeString(folder.resolve("photos.jsonl"), groups);
    }

    private static Object[] train(String out, Object... more) {
        List<Object> arguments = new ArrayList<>(
                List.of("train", "caption", collection, captions, "--out", folder.resolve(out), "--llm-steps", 1));
        arguments.addAll(List.of("--batch", 4, "--vocabulary", 300, "--rank", 2, "--quiet", "--json"));
        arguments.addAll(List.of(more));
        return arguments.toArray();
    }

    @Test
    void batchesAreFromOneSourceEach() throws IOException {
        Path instructions = Files.writeString(
                folder.resolve("instructions.json"),
                "{\"questions\": \"Find it\", \"captions\": {\"short to long\": \"Find more\"}}");
        Run run = Run.of(train(
                "text",
                "--steps",
                14,
                "--weights",
                "2,1",
                "--instructions",
                instructions,
                "--pairs",
                "any",
                "--both-directions",
                "--hard-negatives"));
        assertThat(run.err())
                .contains("The queries of nli have no instruction.")
                .contains("All pairs of stage 1 are of a short and a long caption");
        assertThat(run.code()).isZero();
        assertThat(run.json().path("trainingGroups").asInt()).isEqualTo(66);
        assertThat(run.json().path("measuredGroups").asInt()).isEqualTo(6);
        List<JsonNode> metrics = Files.readAllLines(folder.resolve("text-run/metrics.jsonl")).stream()
                .map(Json.MAPPER::readTree)
                .toList();
        Set<String> kinds = metrics.stream()
                .map(line -> line.path("kind").asString(""))
                .filter(kind -> !kind.isEmpty())
                .collect(Collectors.toSet());
        assertThat(kinds)
                .containsExactlyInAnyOrder(
                        "questions, query to document", "nli, query to document", "photos, any two captions");
        JsonNode settings =
                Json.MAPPER.readTree(folder.resolve("text-run/args.json")).path("settings");
        assertThat(settings.path("data.1.nli").asString()).endsWith(", weight 1.0");
        assertThat(settings.path("stage_1.mix").asString()).isEqualTo("any");
        assertThat(settings.path("stage_1.both_directions").asString()).isEqualTo("true");
    }

    /** Saved encoders lack the language head; with tied embeddings none is needed. */
    @Test
    void maskedTokensAreLearnedBeforeStage1() throws IOException {
        Run scratch = Run.of(train("scratch", "--steps", 1));
        assertThat(scratch.code()).isZero();
        Path model = folder.resolve("scratch");
        Object[] command = {
            "train",
            "mntp",
            collection,
            captions,
            "--llm",
            model,
            "--out",
            folder.resolve("mntp"),
            "--steps",
            12,
            "--batch",
            4,
            "--length",
            32,
            "--rank",
            4,
            "--learning-rate",
            0.01,
            "--save-adapter",
            folder.resolve("mntp-adapter"),
            "--report",
            folder.resolve("mntp.html"),
            "--json"
        };
        Run headless = Run.of(command);
        assertThat(headless.code()).isEqualTo(1);
        assertThat(headless.err().lines())
                .last()
                .isEqualTo(
                        "error: %s: expected a language model with its head ('lm_head.weight'), found one without, as every text encoder that a training saved is; give the language model that it began with."
                                .formatted(model.resolve("model.safetensors")));
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceFirst("\"tie_word_embeddings\" : false", "\"tie_word_embeddings\" : true"));
        Run run = Run.of(command);
        assertThat(run.err())
                .contains(
                        "masked next-token prediction, from pretrained scratch: steps 12, batch 4, accumulate 1, length 32,")
                .contains("(as in LLM2Vec but for batch, length, learning rate, rank)");
        assertThat(run.code()).isZero();
        assertThat(run.json().path("examples").asInt()).isEqualTo(72);
        assertThat(run.json().path("lastLoss").asDouble())
                .isLessThan(run.json().path("firstLoss").asDouble());
        assertThat(folder.resolve("mntp-adapter/adapter_config.json")).exists();
        assertThat(folder.resolve("mntp.html"))
                .content()
                .contains("masked next-token prediction: after 12 steps the loss is about ", "mntp.mask_share");
        try (TextModel whole = TextModel.open(folder.resolve("mntp"));
                TextModel apart = TextModel.open(folder.resolve("mntp-adapter"));
                TextModel before = TextModel.open(model)) {
            float[] expected = whole.vectors(List.of("a red kite")).toArrays()[0];
            assertThat(apart.vectors(List.of("a red kite")).toArrays()[0]).containsExactly(expected, within(1e-4f));
            assertThat(before.vectors(List.of("a red kite")).toArrays()[0]).isNotEqualTo(expected);
        }
        Object[] halved = command.clone();
        halved[7] = folder.resolve("mntp-halves");
        halved[11] = 2;
        halved[18] = "--accumulate";
        halved[19] = 2;
        halved[20] = "--lora-dropout";
        halved[21] = 0;
        Run halves = Run.of(halved);
        assertThat(halves.code()).as(halves.err()).isZero();
        for (String loss : List.of("firstLoss", "lastLoss")) {
            assertThat(halves.json().path(loss).asDouble())
                    .isCloseTo(run.json().path(loss).asDouble(), within(1e-3));
        }
        halved[7] = folder.resolve("mntp-dropout");
        halved[21] = 0.3;
        Run dropped = Run.of(halved);
        assertThat(dropped.code()).as(dropped.err()).isZero();
        assertThat(Math.abs(dropped.json().path("lastLoss").asDouble()
                        - run.json().path("lastLoss").asDouble()))
                .isGreaterThan(1e-4);
        Object[] large = command.clone();
        large[7] = folder.resolve("mntp-large");
        large[9] = 1;
        large[11] = 64;
        large[13] = 256;
        large[19] = folder.resolve("mntp-large-adapter");
        assertThat(Run.of(large).err())
                .contains("masked next-token prediction: steps take about ")
                .contains(" GB, activations ");
        Run mask = Run.of(
                "train",
                "mntp",
                captions,
                "--llm",
                model,
                "--out",
                folder.resolve("none"),
                "--mask-token",
                "<nothing>");
        assertThat(mask.code()).isEqualTo(1);
        assertThat(mask.err())
                .endsWith("\"<nothing>\" is not a token of %s; choose another mask token.\n".formatted(model));
        Run share =
                Run.of("train", "mntp", captions, "--llm", model, "--out", folder.resolve("none"), "--mask-share", 0);
        assertThat(share.code()).isEqualTo(2);
        assertThat(share.err()).startsWith("error: --mask-share must be above 0 and at most 1, found 0.");
    }

    @Test
    void whatDoesNotFitIsOneSentence() throws IOException {
        Run weights = Run.of(train("none", "--weights", "1,2,3"));
        assertThat(weights.code()).isEqualTo(2);
        assertThat(weights.err())
                .startsWith("error: --weights has 3 numbers for 2 sources of texts; give one for each.");
        Run negative = Run.of(train("none", "--weights", "1,-2"));
        assertThat(negative.code()).isEqualTo(2);
        assertThat(negative.err())
                .startsWith(
                        "error: --weights must be numbers above 0, found -2.0; leave out a source that is not wanted.");
        Run mix = Run.of(train("none", "--pairs", "all"));
        assertThat(mix.code()).isEqualTo(2);
        assertThat(mix.err()).contains("expected any, short-long or by-length, found all.");
        Path squad = Files.writeString(folder.resolve("squad.json"), "{\"squad\": \"Find it\"}");
        Run table = Run.of(train("none", "--instructions", squad));
        assertThat(table.code()).isEqualTo(1);
        assertThat(table.err())
                .isEqualToNormalizingNewlines(
                        "error: The instructions are for squad, the sources are called nli, questions, photos; use the same names.\n");
        assertThat(folder.resolve("none")).doesNotExist();
    }
}
