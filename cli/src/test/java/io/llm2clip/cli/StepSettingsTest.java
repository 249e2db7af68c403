package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.machine.Processor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Steps by chunks, with blocks computed again, averages, and parts that are trained otherwise, from the command line. */
class StepSettingsTest {
    private static final List<String> COLORS = List.of("red", "green", "blue", "white", "black", "yellow");

    private static final String PROJECTION = "visual_projection.weight";

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        data = folder.resolve("photos");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            Fixture.picture(data.resolve(i + ".png"), 0x080402 * (i + 1));
            String color = COLORS.get(i % COLORS.size());
            lines.append("""
                    {"image": "%d.png", "captions": ["A %s kite number %d flies over a beach.", "Over a beach flies a %s kite, it is number %d."]}
                    """.formatted(i, color, i, color, i));
        }
        Files.writeString(data.resolve("captions.jsonl"), lines);
        Run text = train("caption", "text", "--llm-steps", 2, "--steps", 2, "--batch", 4, "--vocabulary", 300);
        assertThat(text.code()).as(text.err()).isZero();
    }

    private static Run train(String stage, String out, Object... more) {
        Object[] command = {"train", stage, data, "--out", folder.resolve(out)};
        return Run.of(Stream.concat(Stream.of(command), Stream.of(more)).toArray());
    }

    private static Run clip(String out, Object... more) {
        Object[] sizes = {
            "--text",
            folder.resolve("text"),
            "--steps",
            4,
            "--batch",
            8,
            "--image-size",
            16,
            "--patch-size",
            8,
            "--width",
            64,
            "--layers",
            1,
            "--embedding-size",
            8
        };
        return train(
                "clip", out, Stream.concat(Stream.of(sizes), Stream.of(more)).toArray());
    }

    private static JsonNode notes(String model, String file) throws IOException {
        return Json.MAPPER
                .readTree(Files.readAllBytes(folder.resolve(model).resolve(file)))
                .path("provenance");
    }

    private static float[] weights(String model, String name) {
        try (Checkpoint checkpoint = Checkpoint.open(folder.resolve(model).resolve("vision/model.safetensors"))) {
            return checkpoint.readFloats(name);
        }
    }

    @Test
    void stageOneByChunks() throws IOException {
        Run run = train(
                "caption",
                "chunked-text",
                "--llm-steps",
                2,
                "--steps",
                3,
                "--batch",
                6,
                "--vocabulary",
                300,
                "--chunk",
                4,
                "--recompute",
                "--ema",
                0.5,
                "--hard-negatives",
                "--lora-dropout",
                0.2,
                "--llm-accumulate",
                3,
                "--save-llm",
                folder.resolve("language-model"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains(
                        "language model: steps 2, batch 32, accumulate 3,",
                        "chunk 4, recompute true, ema 0.5",
                        "but for batch, dropout, hard negatives, chunk, recompute, ema)");
        assertThat(notes("chunked-text", "caption.json").path("stage_1.chunk").asString())
                .isEqualTo("4");
        // The start of stage 1, which changed it.
        assertThat(notes("language-model", "caption.json").has("stage_1.chunk")).isFalse();
        try (Checkpoint before = Checkpoint.open(folder.resolve("language-model"));
                Checkpoint after = Checkpoint.open(folder.resolve("chunked-text"))) {
            assertThat(before.entries()).containsOnlyKeys(after.entries().keySet());
            assertThat(before.readFloats("embed_tokens.weight"))
                    .containsExactly(after.readFloats("embed_tokens.weight"));
            String updated = "layers.0.mlp.up_proj.weight";
            assertThat(before.readFloats(updated)).isNotEqualTo(after.readFloats(updated));
        }
        Run other = train("caption", "none", "--llm", folder.resolve("text"), "--save-llm", folder.resolve("x"));
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("--save-llm");
    }

    @Test
    void stageTwoByChunksIsStageTwo() throws IOException {
        Run whole = clip("whole");
        assertThat(whole.code()).as(whole.err()).isZero();
        Run chunked = clip("chunked", "--chunk", 3, "--recompute");
        assertThat(chunked.code()).as(chunked.err()).isZero();
        float[] expected = weights("whole", PROJECTION);
        float[] found = weights("chunked", PROJECTION);
        double squares = 0;
        for (int i = 0; i < found.length; i++) {
            squares += Math.pow(found[i] - expected[i], 2);
        }
        // Each step changes an element by about the learning rate, 5e-4.
        assertThat(Math.sqrt(squares / found.length)).isLessThan(1e-5);
        assertThat(notes("chunked", "llm2clip.json").path("stage_2.recompute").asString())
                .isEqualTo("true");
        assertThat(notes("whole", "llm2clip.json").path("stage_2.chunk").asString())
                .isEqualTo("none");
    }

    @Test
    void theAverageIsSaved() {
        assertThat(clip("last").code()).isZero();
        assertThat(clip("averaged", "--ema", 0.9).code()).isZero();
        assertThat(weights("averaged", PROJECTION)).isNotEqualTo(weights("last", PROJECTION));
    }

    @Test
    void whatIsFrozenStaysAsItBegan() {
        Run start = clip("start");
        assertThat(start.code()).as(start.err()).isZero();
        Run frozen = train(
                "clip",
                "frozen",
                "--text",
                folder.resolve("text"),
                "--vectors",
                folder.resolve("vectors"),
                "--steps",
                4,
                "--batch",
                8,
                "--vision",
                folder.resolve("start/vision"),
                "--freeze",
                "vision_model.*",
                "--rate",
                "text_adapter.*=10",
                "--rate",
                "visual_projection.*=100");
        assertThat(frozen.code()).as(frozen.err()).isZero();
        assertThat(frozen.err())
                .contains("freeze [vision_model.*], rates {text_adapter.*=10.0, visual_projection.*=100.0}");
        String block = "vision_model.encoder.layers.0.mlp.fc1.weight";
        assertThat(weights("frozen", block)).containsExactly(weights("start", block));
        assertThat(weights("frozen", PROJECTION)).isNotEqualTo(weights("start", PROJECTION));
        Run unknown = clip("unknown", "--freeze", "visoin.*");
        assertThat(unknown.code()).isEqualTo(1);
        assertThat(unknown.err()).contains("error: No parameter has a name like 'visoin.*'; expected one of ");
        assertThat(folder.resolve("unknown")).doesNotExist();
    }

    /** Matrices are multiplied in bf16, and their weights stay f32: changes far below a bf16's last digit are not lost. */
    @Test
    void multiplicationMayBeOfBf16() throws IOException {
        assumeTrue(Processor.absence(Precision.BF16).isEmpty());
        Run run = clip("bf16", "--precision", "bf16");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(clip("f32").code()).isZero();
        float[] exact = weights("f32", PROJECTION);
        float[] found = weights("bf16", PROJECTION);
        assertThat(found).isNotEqualTo(exact);
        int rounded = 0;
        for (int i = 0; i < found.length; i++) {
            assertThat(Math.abs(found[i] - exact[i])).isLessThan(4.5e-3f);
            rounded += (Float.floatToRawIntBits(found[i]) & 0xffff) == 0 ? 1 : 0;
        }
        assertThat(rounded).isLessThan(found.length / 100);
    }

    @Test
    void anAdapterIsOfUpdatesOfATowerThatOthersHave() {
        Run whole = clip("whole", "--save-vision-adapter", folder.resolve("none"));
        assertThat(whole.code()).isEqualTo(2);
        assertThat(whole.err()).contains("trained as a whole; expected low-rank updates (--vision-lora), too.");
        Run scratch = clip("scratch", "--vision-lora", 4, "--save-vision-adapter", folder.resolve("none"));
        assertThat(scratch.code()).isEqualTo(2);
        assertThat(scratch.err()).contains("which nobody else has; expected one from a pretrained tower (--vision).");
    }

    @ParameterizedTest
    @CsvSource({
        "--chunk, 0, --chunk must be at least 1",
        "--ema, 1, --ema must be at least 0 and below 1",
        "--ema, NaN, --ema must be at least 0 and below 1",
        "--rate, a=0, The rate of 'a' must be above 0",
        "--rate, a, 'PATTERN=FACTOR'",
        "--accumulate, 4, 'a contrastive loss, which tells all examples of a batch apart; expected --chunk N'",
        "--logit-scale, often, '--logit-scale often; expected keep, new or a number, such as 14.3.'",
        "--logit-scale, NaN, 'The logit scale must be from 1 to 100, found NaN; every step keeps it within that'",
        "--logit-scale, 0.5, 'The logit scale must be from 1 to 100, found 0.5'",
        "--loss, triplet, '--loss'",
        "--patch-dropout, 1, --patch-dropout must be at least 0 and below 1",
        "--vision-lora, 0, --vision-lora must be from 1",
        "--vision-lora-dropout, 0.1, 'expected --vision-lora RANK, too.'",
        "--lock, audio, '--lock'",
        "--unlocked-layers, 1, 'expected --lock IMAGE or --lock TEXT, too.'"
    })
    void badValuesAreBadUsage(String option, String value, String message) {
        Run run = clip("bad", option, value);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains(message);
    }

    /** Scale and bias are trained, saved with the model, and what similarity and classify compute with. */
    @Test
    void sigmoidsAreTrainedSavedAndShown() throws IOException {
        Run run = clip("sigmoids", "--loss", "sigmoid");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains("cosines are multiplied by 10.00 at first, and -10.00 is added, as the loss begins.");
        assertThat(notes("sigmoids", "llm2clip.json").path("stage_2.loss").asString())
                .isEqualTo("sigmoid");
        Path model = folder.resolve("sigmoids");
        JsonNode similarity = Run.of("similarity", "--json", "--model", model, data.resolve("1.png"), "a kite")
                .json();
        assertThat(similarity.path("probabilities").asString()).isEqualTo("sigmoid");
        double scale = similarity.path("logitScale").asDouble();
        double bias = similarity.path("logitBias").asDouble();
        assertThat(bias).isBetween(-10.1, -9.9).isNotEqualTo(-10);
        assertThat(scale).isBetween(9.0, 11.0).isNotEqualTo(10);
        JsonNode score = similarity.path("captions").path(0);
        double logit = scale * score.path("cosine").asDouble() + bias;
        assertThat(score.path("probability").asDouble()).isCloseTo(1 / (1 + Math.exp(-logit)), within(1e-6));
        List<String> metrics = Files.readAllLines(folder.resolve("sigmoids-run/metrics.jsonl"));
        JsonNode last = Json.MAPPER.readTree(metrics.stream()
                .filter(line -> line.contains("logit_bias"))
                .toList()
                .getLast());
        assertThat(last.path("logit_bias").asDouble()).isCloseTo(bias, within(1e-4));
        assertThat(Run.of("inspect", model).out()).contains("logit scale", "logit bias -");
    }

    private static Run from(Path vision, String out, Object... more) {
        Object[] start = {
            "--text",
            folder.resolve("text"),
            "--vectors",
            folder.resolve("vectors-" + out),
            "--steps",
            2,
            "--batch",
            8,
            "--vision",
            vision
        };
        return train(
                "clip", out, Stream.concat(Stream.of(start), Stream.of(more)).toArray());
    }

    @Test
    void aPublishedScaleIsKeptUnlessAnotherIsAskedFor() throws IOException {
        Path siglip = Fixture.siglip(folder.resolve("siglip"));
        Run kept = from(siglip, "kept", "--loss", "sigmoid");
        assertThat(kept.code()).as(kept.err()).isZero();
        assertThat(kept.err())
                .contains(
                        "cosines are multiplied by 10.00 at first, and -3.000 is added, as the published model does.");
        Run other = from(siglip, "new-scale", "--loss", "sigmoid", "--logit-scale", "new");
        assertThat(other.err()).contains("multiplied by 10.00 at first, and -10.00 is added, as the loss begins.");
        Run given = from(siglip, "given-scale", "--logit-scale", 20);
        assertThat(given.err()).contains("cosines are multiplied by 20.00 at first, as asked for.");
        // It has no projection that could be drawn anew.
        Run projected = from(siglip, "projected", "--embedding-size", 12);
        assertThat(projected.code()).isNotZero();
        assertThat(projected.err()).contains("A SigLIP tower of 16 channels and embeddings of 12; expected as many");
    }

    @Test
    void aProjectionOfAnotherSizeIsDrawnAnewAloud() {
        assertThat(clip("projection").code()).isZero();
        Path start = folder.resolve("projection");
        Run run = from(start, "drawn", "--embedding-size", 12);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains(
                        "the projection of the vision tower is drawn anew, to embeddings of 12 channels; that of projection gives 8.");
        assertThat(weights("drawn", PROJECTION)).hasSize(12 * 64);
        Run same = from(start, "not-drawn", "--embedding-size", 8, "--lock", "image");
        assertThat(same.code()).as(same.err()).isZero();
        assertThat(same.err()).doesNotContain("drawn anew");
        assertThat(weights("not-drawn", PROJECTION)).containsExactly(weights("projection", PROJECTION));
    }

    /** The tower stays but for what the updates add to queries, keys and values. */
    @Test
    void updatesOfTheVisionTowerAndAPartOfThePatches() {
        assertThat(clip("whole-tower").code()).isZero();
        Run run = from(
                folder.resolve("whole-tower"),
                "updated",
                "--vision-lora",
                4,
                "--patch-dropout",
                0.5,
                "--learning-rate",
                0.01,
                "--lock",
                "text",
                "--save-vision-adapter",
                folder.resolve("vision-adapter"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err())
                .contains("patch dropout 0.5", "rank 4", "dropout 0.1", "text unlocked 0")
                .contains("What was trained of the vision tower is in " + folder.resolve("vision-adapter"));
        String block = "vision_model.encoder.layers.0.";
        assertThat(weights("updated", block + "mlp.fc1.weight"))
                .containsExactly(weights("whole-tower", block + "mlp.fc1.weight"));
        assertThat(weights("updated", block + "self_attn.k_proj.weight"))
                .isNotEqualTo(weights("whole-tower", block + "self_attn.k_proj.weight"));
        // The adapter upon the tower is what the model has.
        Path merged = folder.resolve("merged-tower");
        Run convert = Run.of("convert", folder.resolve("vision-adapter"), merged);
        assertThat(convert.code()).as(convert.err()).isZero();
        try (Checkpoint joined = Checkpoint.open(merged)) {
            for (String name : List.of(block + "self_attn.q_proj.weight", PROJECTION)) {
                assertThat(joined.readFloats(name)).containsExactly(weights("updated", name), within(1e-6f));
            }
        }
        Run inspected = Run.of("inspect", folder.resolve("vision-adapter"));
        assertThat(inspected.code()).as(inspected.err()).isZero();
        assertThat(inspected.out().replaceAll("\\s+", " "))
                .startsWith(folder.resolve("vision-adapter") + ": low-rank updates of a vision tower ")
                .contains(
                        "LORA of rank 4 (alpha 32), for " + folder.resolve("whole-tower"),
                        "pairs of matrices for 3 layers (k_proj, q_proj, v_proj), and as a whole visual_projection.weight",
                        "complete yes",
                        "'train clip --vision' opens both.");
        Run unfit = Run.of(
                "train", "clip", data, "--text", folder.resolve("vision-adapter"), "--out", folder.resolve("unfit"));
        assertThat(unfit.code()).isEqualTo(1);
        assertThat(unfit.err())
                .contains(
                        "vision-adapter/config.json: expected a configuration file, found that of low-rank updates, which are of another kind of model;")
                .hasLineCount(1);
        assertThat(folder.resolve("unfit")).doesNotExist();
        Run again = from(folder.resolve("vision-adapter"), "again");
        assertThat(again.code()).as(again.err()).isZero();
        Run both = from(folder.resolve("whole-tower"), "both", "--lock", "image", "--lock", "text");
        assertThat(both.code()).isEqualTo(2);
        assertThat(both.err()).contains("Vision tower and text side are both locked;");
        Run many = from(folder.resolve("whole-tower"), "many", "--lock", "image", "--unlocked-layers", 5);
        assertThat(many.code()).isNotZero();
        assertThat(many.err()).contains("The last 5 blocks of a locked vision tower of 1; expected from 0 to 1.");
    }
}
