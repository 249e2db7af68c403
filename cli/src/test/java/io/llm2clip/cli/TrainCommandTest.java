package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** The way of a user's own data through all commands. */
class TrainCommandTest {
    private static final List<String> COLORS = List.of("red", "green", "blue", "white", "black", "yellow");

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        data = folder.resolve("photos");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            Fixture.picture(data.resolve(i + ".png"), 0x080402 * (i + 1));
            String color = COLORS.get(i % COLORS.size());
            lines.append("""
                    {"image": "%d.png", "captions": ["A %s kite number %d flies over a beach.", "Over a beach flies a %s kite, it is number %d."]}
                    """.formatted(i, color, i, color, i));
        }
        Files.writeString(data.resolve("7.png"), "broken");
        Files.writeString(data.resolve("captions.jsonl"), lines);
    }

    @Test
    void captionsThenImagesThenMeasuring() throws IOException {
        Path text = folder.resolve("text");
        Run caption = Run.of(
                "train",
                "caption",
                data,
                "--out",
                text,
                "--llm-steps",
                2,
                "--steps",
                2,
                "--batch",
                4,
                "--vocabulary",
                300,
                "--hard-negatives",
                "--json");
        assertThat(caption.err()).contains("stage 1").doesNotContain("error");
        assertThat(caption.code()).isZero();
        assertThat(caption.json().path("measuredGroups").asInt()).isEqualTo(2);
        assertThat(caption.json().path("trainingGroups").asInt()).isEqualTo(22);
        JsonNode accuracy = caption.json().path("captionRetrievalAccuracy");
        assertThat(accuracy.path("longLong").path("images").asInt()).isEqualTo(2);
        assertThat(accuracy.path("longLong").path("after").asDouble()).isBetween(0.0, 1.0);
        assertThat(caption.json().path("skippedSteps").asInt()).isZero();
        assertThat(caption.err())
                .contains(
                        "stage 1, from scratch: steps 2, batch 4, learning rate 0.003, warm up 0,",
                        "(as in the recipe for small models, because the language model is from scratch but for batch, hard negatives)",
                        "All pairs of stage 1 are of captions of similar length");

        // A saved text encoder is a start for another stage 1, as a Llama of Hugging Face is.
        Run again = Run.of(
                "train",
                "caption",
                data,
                "--llm",
                text,
                "--out",
                folder.resolve("text2"),
                "--steps",
                1,
                "--batch",
                4,
                "--max-length",
                5,
                "--save-adapter",
                folder.resolve("adapter"),
                "--parse-special-tokens");
        assertThat(again.err()).contains("48 of 48 captions are too long for the text encoder and cut;");
        assertThat(folder.resolve("text2/caption.json")).content().contains("\"special_tokens\" : \"parsed\"");
        assertThat(again.code()).isZero();
        assertThat(again.err())
                .contains(
                        "stage 1, from pretrained text: steps 1, batch 4, learning rate 0.0002,",
                        "(as in the paper, because the language model is pretrained but for batch, max length)");
        assertThat(again.out())
                .startsWith("Caption retrieval accuracy on 2 held-out groups:")
                .contains("two long captions ", " % before, ", " % after, among 2");

        assertThat(Run.of("inspect", folder.resolve("adapter")).out().replaceAll("\\s+", " "))
                .startsWith(folder.resolve("adapter") + ": low-rank updates of a language model ")
                .contains("What it changes is " + text + "; 'train caption --llm' opens both.");
        assertThat(folder.resolve("adapter/adapter_config.json"))
                .content()
                .contains("\"r\" : 16", "\"lora_alpha\" : 32", "\"base_model_name_or_path\" : \"" + text + "\"");
        try (TextModel merged = TextModel.open(folder.resolve("text2"));
                TextModel apart = TextModel.open(folder.resolve("adapter"))) {
            List<String> captions = List.of("a red kite", "a tent");
            assertThat(apart.provenance()).isEqualTo(merged.provenance());
            for (int i = 0; i < captions.size(); i++) {
                assertThat(apart.vectors(captions).toArrays()[i])
                        .containsExactly(merged.vectors(captions).toArrays()[i], within(1e-4f));
            }
        }

        Path model = folder.resolve("model");
        Object[] clip = {
            "train",
            "clip",
            data,
            "--text",
            text,
            "--out",
            model,
            "--steps",
            6,
            "--batch",
            8,
            "--image-size",
            16,
            "--patch-size",
            8,
            "--width",
            32,
            "--layers",
            1,
            "--embedding-size",
            8,
            "--json"
        };
        Run first = Run.of(clip);
        assertThat(first.err()).contains("text vectors: 24 examples", "7.png", "1 of 24 images skipped.");
        assertThat(first.code()).isZero();
        assertThat(first.json().path("measuredImages").asInt()).isEqualTo(2);
        assertThat(first.json()
                        .path("retrieval")
                        .path("textToImage")
                        .path("r10")
                        .asDouble())
                .isEqualTo(1);
        byte[] weights = Files.readAllBytes(model.resolve("vision/model.safetensors"));
        FileTime computed = Files.getLastModifiedTime(folder.resolve("model-vectors/vectors.f32"));
        Run refused = Run.of(clip);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err())
                .isEqualToNormalizingNewlines("error: " + model
                        + ": holds a model already; choose another name or replace it with --overwrite.\n");
        Run second =
                Run.of(Stream.concat(Stream.of(clip), Stream.of("--overwrite")).toArray());
        assertThat(Files.getLastModifiedTime(folder.resolve("model-vectors/vectors.f32")))
                .isEqualTo(computed);
        assertThat(second.out()).isEqualTo(first.out());
        assertThat(Files.readAllBytes(model.resolve("vision/model.safetensors")))
                .isEqualTo(weights);

        Run eva = Run.of(
                "train",
                "clip",
                data,
                "--text",
                text,
                "--out",
                folder.resolve("eva"),
                "--steps",
                1,
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
                "--architecture",
                "eva02",
                "--vectors",
                folder.resolve("model-vectors"),
                "--no-exif-orientation",
                "--quiet");
        assertThat(eva.code()).isZero();
        assertThat(Files.readString(folder.resolve("eva/llm2clip.json"))).contains("\"exif_orientation\" : false");
        assertThat(Files.readString(model.resolve("llm2clip.json"))).contains("\"exif_orientation\" : true");
        assertThat(eva.out()).startsWith("2 held-out images of 24").contains("image to text ", "text to image ");
        Run tuned = Run.of(
                "train",
                "clip",
                data,
                "--text",
                model.resolve("text"),
                "--out",
                folder.resolve("tuned"),
                "--steps",
                1,
                "--batch",
                8,
                "--vision",
                folder.resolve("eva/vision"),
                "--layer-decay",
                0.75,
                "--quiet");
        assertThat(tuned.code()).isZero();
        JsonNode notes = notes(folder.resolve("tuned"), "llm2clip.json");
        // What the user gave, and for the rest what the paper has for pretrained towers.
        assertThat(notes.path("start").asString()).isEqualTo("pretrained vision");
        assertThat(notes.path("stage_2.layer_decay").asString()).isEqualTo("0.75");
        assertThat(notes.path("stage_2.learning_rate").asString()).isEqualTo("0.00001");
        assertThat(notes.path("stage_2.clip_norm").asString()).isEqualTo("5");
        assertThat(notes.path("text.stage_1.learning_rate").asString()).isEqualTo("0.003");
        assertThat(notes(folder.resolve("tuned"), "text/caption.json"))
                .isEqualTo(notes(folder.resolve("text"), "caption.json"));
        assertThat(notes(model, "llm2clip.json").path("stage_2.learning_rate").asString())
                .isEqualTo("0.0005");

        Object[] siglip = {
            "train",
            "clip",
            data,
            "--text",
            text,
            "--out",
            folder.resolve("siglip"),
            "--steps",
            1,
            "--batch",
            8,
            "--architecture",
            "siglip",
            "--image-size",
            18,
            "--patch-size",
            8,
            "--width",
            64,
            "--layers",
            1,
            "--vectors",
            folder.resolve("model-vectors"),
            "--quiet"
        };
        Run unfit = Run.of(siglip);
        assertThat(unfit.code()).isEqualTo(2);
        assertThat(unfit.err()).contains("A SigLIP tower of 64 channels and embeddings of 128");
        assertThat(Run.of(Stream.concat(Stream.of(siglip), Stream.of("--embedding-size", 64))
                                .toArray())
                        .code())
                .isZero();
        // A file alone, for which images are prepared as for SigLIP's published towers.
        Run tunedFile = Run.of(
                "train",
                "clip",
                data,
                "--text",
                text,
                "--out",
                folder.resolve("tuned-siglip"),
                "--steps",
                1,
                "--batch",
                8,
                "--vision",
                folder.resolve("siglip/vision/model.safetensors"),
                "--vectors",
                folder.resolve("model-vectors"),
                "--quiet");
        assertThat(tunedFile.code()).isZero();
        assertThat(Files.readString(folder.resolve("tuned-siglip/llm2clip.json")))
                .contains("\"preprocessing\" : \"siglip\"");
        assertThat(Run.of("eval", data, "--model", folder.resolve("tuned-siglip"), "--json")
                        .code())
                .isZero();

        Run eval = Run.of("eval", data, "--model", model, "--json");
        assertThat(eval.code()).isZero();
        JsonNode json = eval.json();
        assertThat(json.path("images").asInt()).isEqualTo(23);
        assertThat(json.path("captions").asInt()).isEqualTo(46);
        assertThat(json.path("skippedImages").asInt()).isEqualTo(1);
        assertThat(json.path("retrieval").path("imageToText").path("r10").asDouble())
                .isBetween(0.0, 1.0);
        assertThat(json.path("captionRetrievalAccuracy")
                        .path("longLong")
                        .path("images")
                        .asInt())
                .isEqualTo(23);
        assertThat(json.path("retrieval").path("chance").path("r1").asDouble()).isEqualTo(1.0 / 23);
        assertThat(Run.of("eval", data, "--model", model).out())
                .startsWith("23 images, 46 captions")
                .contains("R@10", "caption retrieval accuracy", "two long captions ", " %, among 23 images");

        Run inspect = Run.of("inspect", model, "--json");
        assertThat(inspect.json().path("complete").asBoolean()).isTrue();
        assertThat(inspect.json().path("files").size()).isEqualTo(3);
        assertThat(inspect.json().path("files").path(0).has("tensors")).isFalse();
        assertThat(Run.of("inspect", model.resolve("adapter.safetensors"), "--tensors")
                        .out())
                .contains("logit_scale", "F32", "text_adapter.adaptor.5.weight", "[8, 192]");
    }

    private static JsonNode notes(Path model, String file) throws IOException {
        return Json.MAPPER.readTree(Files.readAllBytes(model.resolve(file))).path("provenance");
    }

    /** The paper's own data: one short and one long caption per image; of one image two long ones. */
    @Test
    void aShortAndALongCaptionPerImageAreTrainedOn() throws IOException {
        Path pairs = folder.resolve("pairs.jsonl");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            String first =
                    i == 0 ? "A very long description of kite number 0, which flies over a sandy beach" : "Kite " + i;
            lines.append("""
                    {"captions": ["%s", "A %s kite with the number %d flies over a wide sandy beach in the sun."]}
                    """.formatted(first, COLORS.get(i % COLORS.size()), i));
        }
        lines.append("{\"captions\": [\"one alone\"]}\n{\"captions\": [\"twice\", \"twice\"]}\n");
        Files.writeString(pairs, lines);
        Run run = Run.of(
                "train",
                "caption",
                pairs,
                "--out",
                folder.resolve("paper"),
                "--llm-steps",
                1,
                "--steps",
                3,
                "--vocabulary",
                300,
                "--hard-negatives",
                "--quiet",
                "--json");
        assertThat(run.err())
                .contains(
                        "2 of 24 groups of " + pairs + " have no two different captions and are left out.",
                        "Batches of stage 1 have 22 pairs instead of 32, because there are only 22 images to learn from.",
                        "All pairs of stage 1 are of a short and a long caption, because no images have two long ones.")
                .doesNotContain("learning rate");
        assertThat(run.code()).isZero();
        assertThat(run.json().path("captionRetrievalAccuracy").properties())
                .extracting(Map.Entry::getKey)
                .containsExactly("shortLong");
    }

    @Test
    void captionsThatCannotBePairedAreRefusedBeforeTheLanguageModel() {
        Run run = Run.of(
                "train", "caption", data, "--out", folder.resolve("none"), "--vocabulary", 300, "--max-length", 1);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("Of 22 examples of " + data.resolve("captions.jsonl")
                        + " 0 have two different captions to pair")
                .doesNotContain("language model:1", "language model: 1");
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void mostImagesMissingIsRefused() throws IOException {
        Path most = Files.createDirectories(folder.resolve("most"));
        Fixture.picture(most.resolve("0.png"), 0x102030);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            lines.append("{\"image\": \"%d.png\", \"captions\": [\"a kite\"]}\n".formatted(i));
        }
        Files.writeString(most.resolve("captions.jsonl"), lines);
        Path model = Fixture.model(folder.resolve("untrained"));
        for (Object[] command : new Object[][] {
            {"eval", most, "--model", model},
            {"train", "clip", most, "--text", model.resolve("text"), "--out", folder.resolve("none")}
        }) {
            Run run = Run.of(command);
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err()).contains("the images of 99 of 100 lines do not exist, the first is 1.png in line 2");
        }
        for (int i = 1; i < 60; i++) {
            Files.writeString(most.resolve(i + ".png"), "broken");
        }
        Run unreadable = Run.of("eval", most, "--model", model);
        assertThat(unreadable.code()).isEqualTo(1);
        assertThat(unreadable.err()).contains("59 of the 60 images of " + most + " cannot be read", "1.png");
    }

    @Test
    void aSingleImageIsNoRetrieval() throws IOException {
        Path one = folder.resolve("one");
        Fixture.picture(one.resolve("0.png"), 0x102030);
        Files.writeString(one.resolve("captions.jsonl"), "{\"image\": \"0.png\", \"captions\": [\"a kite\"]}\n");
        Run run = Run.of("eval", one, "--model", Fixture.model(folder.resolve("untrained-one")));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("has a single usable image, which nothing can be mistaken for; measure with at least two.");
        assertThat(run.out()).isEmpty();
    }

    /**
     * A language model as before whose updates are no numbers: what its queries, keys and values read is very large, and their weights
     * are as small.
     */
    private static Path unstable() throws IOException {
        Path text = Fixture.model(folder.resolve("unstable-model")).resolve("text");
        Path weights = text.resolve("model.safetensors");
        Path changed = text.resolve("changed.safetensors");
        Map<String, StoredTensor> tensors = new HashMap<>();
        try (Checkpoint source = Checkpoint.open(weights)) {
            for (String name : source.entries().keySet()) {
                float factor = name.endsWith("input_layernorm.weight")
                        ? 1e30f
                        : name.matches(".*[qkv]_proj.weight") ? 1e-30f : 1;
                float[] values = source.readFloats(name);
                for (int i = 0; i < values.length; i++) {
                    values[i] *= factor;
                }
                long[] shape = source.tensor(name).shape().stream()
                        .mapToLong(Long::longValue)
                        .toArray();
                tensors.put(name, StoredTensor.of(values, shape));
            }
            SafetensorsWriter.write(changed, tensors, source.metadata());
        }
        Files.move(changed, weights, StandardCopyOption.REPLACE_EXISTING);
        return text;
    }

    /** No step is finite, so the model of before them is what is worth saving. */
    @Test
    void aTrainingThatBreaksItsModelLeavesTheOneOfBefore() throws IOException {
        Path out = folder.resolve("broken-text");
        Run run = Run.of(
                "train",
                "caption",
                data,
                "--llm",
                unstable(),
                "--out",
                out,
                "--steps",
                40,
                "--batch",
                8,
                "--learning-rate",
                1,
                "--warm-up",
                0);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains(
                        "of 40 was skipped because ",
                        "of 40, because 10 steps in a row were not finite",
                        "The model as it was at the start of it is in " + out);
        Run again = Run.of(
                "train", "caption", data, "--llm", out, "--out", folder.resolve("mended"), "--steps", 1, "--batch", 4);
        assertThat(again.code()).as("with finite embeddings before and after").isZero();
    }

    @Test
    void aTrainingThatIsNeverFiniteEndsWithTheModelOfBeforeSaved() throws IOException {
        Path broken = folder.resolve("broken-vision");
        try (Parameters parameters = new Parameters(1)) {
            VisionTower tower =
                    VisionTower.create(parameters, VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 32, 1, 8));
            for (Parameter parameter : tower.parameters()) {
                float[] values = parameter.data().toFloats();
                Arrays.fill(values, 1e38f);
                parameter.data().copyFrom(TensorData.of(parameter.shape(), values));
            }
            tower.config().write(Files.createDirectories(broken).resolve("config.json"));
            ParameterFiles.save(tower.parameters(), broken.resolve("model.safetensors"), Map.of());
        }
        Path text = Fixture.model(folder.resolve("untrained-text")).resolve("text");
        Path out = folder.resolve("diverged");
        Run run = Run.of(
                "train", "clip", data, "--text", text, "--vision", broken, "--out", out, "--steps", 40, "--batch", 8);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains(
                        "was ended at step 10 of 40, because 10 steps in a row were not finite",
                        "check the model it started from",
                        "The model as it was at the start of it is in " + out);
        assertThat(Files.readAllBytes(out.resolve("vision/model.safetensors")))
                .isEqualTo(Files.readAllBytes(broken.resolve("model.safetensors")));
    }

    private static Object[] train(Object stage, Path out, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", stage, data, "--out", out));
        if (stage.equals("clip")) {
            // No text encoder: what is refused before the first step is refused before it is looked for.
            arguments.addAll(List.of("--text", folder.resolve("absent")));
        }
        arguments.addAll(List.of(more));
        return arguments.toArray();
    }

    @Test
    void aForeignFolderIsRefusedBeforeTheFirstStepAndKept() throws IOException {
        Path notes = Files.createDirectories(folder.resolve("notes"));
        Files.writeString(notes.resolve("notes.txt"), "mine");
        Files.writeString(notes.resolve("caption.json"), "{}");
        Files.writeString(notes.resolve("llm2clip.json"), "{}");
        for (String stage : List.of("caption", "clip")) {
            for (Object[] more : new Object[][] {{}, {"--overwrite"}}) {
                Run run = Run.of(train(stage, notes, more));
                assertThat(run.code()).isEqualTo(1);
                assertThat(run.err())
                        .isEqualToNormalizingNewlines(
                                "error: " + notes
                                        + ": expected a new or empty folder, found other files (caption.json, llm2clip.json, notes.txt); choose another name.\n");
            }
        }
        assertThat(notes).isDirectoryContaining("glob:**/notes.txt");
        assertThat(folder.resolve("notes-vectors")).doesNotExist();
    }

    @Test
    void outputsThatCannotBeAreRefusedBeforeTheFirstStep() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");
        for (String stage : List.of("caption", "clip")) {
            for (Path out : List.of(file, file.resolve("below"), Path.of("/"), Path.of(""), data)) {
                Run run = Run.of(train(stage, out, "--overwrite"));
                assertThat(run.code()).as(out.toString()).isEqualTo(1);
                assertThat(run.err())
                        .startsWith("error: ")
                        .doesNotContain("absent")
                        .hasLineCount(1);
            }
        }
        assertThat(file).hasContent("mine");
        assertThat(data.resolve("captions.jsonl")).exists();
        Run nested = Run.of(train("clip", folder.resolve("o"), "--vectors", folder.resolve("o/v")));
        assertThat(nested.code()).isEqualTo(2);
        assertThat(nested.err())
                .startsWith(
                        "error: The folder for the vectors, %s/o/v, is in that for the model, %s/o; choose one beside it."
                                .formatted(folder, folder));
        Run inside = Run.of(train("caption", folder.resolve("o"), "--run", folder.resolve("o/run")));
        assertThat(inside.err())
                .startsWith(
                        "error: The folder for the run, %s/o/run, is in that for the text encoder, %s/o; choose one beside it."
                                .formatted(folder, folder));
        // The one that the other lies in is replaced as a whole, too.
        assertThat(Run.of(train("caption", folder.resolve("r/o"), "--run", folder.resolve("r")))
                        .code())
                .isEqualTo(2);
    }

    @Test
    void imagesBesideAModelAreNotDeletedWithIt() throws IOException {
        Path project = Fixture.model(folder.resolve("project"));
        Path photo = Fixture.picture(project.resolve("my-images/a.png"), 0x010203);
        Run run = Run.of(train("clip", project, "--overwrite"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("files that are no part of it (my-images/a.png); move them away");
        assertThat(photo).exists();
    }

    /** The same pictures and captions, in tar files and in a folder, in the same order: the same model. */
    @Test
    void imagesOfTarFilesAreLearnedFromAsThoseOfAFolder() throws IOException {
        Path text = Fixture.model(folder.resolve("tarred")).resolve("text");
        Path images = folder.resolve("one-shard");
        Path tars = Files.createDirectories(folder.resolve("tars"));
        StringBuilder lines = new StringBuilder();
        try (var tar = new TarArchiveOutputStream(Files.newOutputStream(tars.resolve("00000.tar")))) {
            for (int i = 0; i < 30; i++) {
                Path picture = Fixture.picture(images.resolve(i + ".png"), 0x080402 * (i + 1));
                lines.append("{\"image\": \"%d.png\", \"captions\": [\"kite %d\", \"tent %d\"]}\n".formatted(i, i, i));
                CacheTextCommandTest.entry(tar, i + ".png", Files.readAllBytes(picture));
                CacheTextCommandTest.entry(
                        tar, i + ".json", "{\"captions\": [\"kite %d\", \"tent %d\"]}".formatted(i, i));
            }
        }
        Files.writeString(images.resolve("captions.jsonl"), lines);
        Map<Path, byte[]> weights = new HashMap<>();
        for (Path data : List.of(images, tars)) {
            Path out = folder.resolve(data.getFileName() + "-model");
            Run run = Run.of(
                    "train",
                    "clip",
                    data,
                    "--text",
                    text,
                    "--out",
                    out,
                    "--steps",
                    4,
                    "--batch",
                    8,
                    "--image-size",
                    16,
                    "--patch-size",
                    8,
                    "--width",
                    32,
                    "--layers",
                    1,
                    "--embedding-size",
                    8,
                    "--quiet");
            assertThat(run.err()).doesNotContain("error");
            assertThat(run.out()).startsWith("3 held-out images of 30");
            weights.put(data, Files.readAllBytes(out.resolve("vision/model.safetensors")));
        }
        assertThat(weights.get(tars)).isEqualTo(weights.get(images));
    }

    @Test
    void imagesThatDoNotFitTheMemoryAreRefusedBeforeTheyAreRead() throws IOException {
        Path model = Fixture.model(folder.resolve("small"));
        Run run = Run.of(
                "train",
                "clip",
                data,
                "--text",
                model.resolve("text"),
                "--out",
                folder.resolve("o"),
                "--image-size",
                8192);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains(
                        "2 batches of 22 images take 8,448 MB of memory, and as numbers, 22 at a time, 16,896 MB; the JVM has ",
                        "set -Xmx")
                .hasLineCount(1);
        assertThat(folder.resolve("o-vectors")).doesNotExist();
        // Their bytes fit the tests' heap, and their numbers do not.
        Run few = Run.of(
                "train",
                "clip",
                data,
                "--text",
                model.resolve("text"),
                "--out",
                folder.resolve("o"),
                "--image-size",
                8192,
                "--batch",
                5);
        assertThat(few.code()).isEqualTo(1);
        assertThat(few.err())
                .contains("2 batches of 5 images take 1,920 MB of memory, and as numbers, 5 at a time, 3,840 MB;")
                .hasLineCount(1);
    }

    @Test
    void aSecondRunIntoTheSameFolderIsRefusedAtOnce() {
        Path out = folder.resolve("taken");
        try (OutputDirectory first = OutputDirectory.claim(out, "model", Existing.REFUSE)) {
            assertThat(first.unfinished()).exists();
            for (String stage : List.of("caption", "clip")) {
                Run run = Run.of(train(stage, out));
                assertThat(run.code()).isEqualTo(1);
                assertThat(run.err())
                        .contains("another run", "is writing to this folder")
                        .hasLineCount(1);
            }
        }
    }

    @Test
    void theDemoDoesNotTouchFoldersThatItDidNotMake() throws IOException {
        Path project = Files.createDirectories(folder.resolve("work"));
        Files.writeString(project.resolve("report.html"), "mine");
        Files.writeString(Files.createDirectory(project.resolve("text-vectors")).resolve("keys.bin"), "mine");
        for (Object[] more : new Object[][] {{}, {"--overwrite"}}) {
            Run run = Run.of(Stream.concat(Stream.of("demo", "--quick", "--out", project), Stream.of(more))
                    .toArray());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .contains("or one of an earlier demo, found other files")
                    .hasLineCount(1);
        }
        assertThat(project.resolve("report.html")).hasContent("mine");
        assertThat(project.resolve("text-vectors/keys.bin")).hasContent("mine");
        Path demo = folder.resolve("earlier");
        OutputDirectory.share(demo, "demo");
        Fixture.model(demo.resolve("model"));
        assertThat(Run.of("demo", "--quick", "--out", demo).err())
                .contains("holds a model already", "--overwrite")
                .hasLineCount(1);
        assertThat(demo.resolve("data")).doesNotExist();
    }

    @Test
    void tooFewImagesAreOneSentence() throws IOException {
        Path few = Files.createDirectories(folder.resolve("few"));
        Files.writeString(few.resolve("captions.jsonl"), "{\"captions\": [\"a kite\", \"one kite\"]}\n");
        Run run = Run.of("train", "caption", few, "--out", folder.resolve("none"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("has 1 usable examples", "at least 20").hasLineCount(1);
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void examplesWithoutImagesAreNamed() throws IOException {
        StringBuilder rows = new StringBuilder("caption\n");
        for (int i = 0; i < 24; i++) {
            rows.append("a kite number ").append(i).append('\n');
        }
        Path table = Files.writeString(folder.resolve("texts.csv"), rows);
        Run run = Run.of(
                "train",
                "clip",
                table,
                "--text-tower",
                "new",
                "--tower-vocabulary",
                300,
                "--out",
                folder.resolve("none"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("error: " + table
                        + ": expected at least 2 images that can be used, found 0; the first of the others cannot because: row 1 of "
                        + table + " has no image.");
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void aMissingFolderIsOneSentence() {
        for (List<Object> arguments : List.<List<Object>>of(
                List.of("eval", folder.resolve("absent"), "--model", folder),
                List.of("train", "caption", folder.resolve("absent"), "--out", folder.resolve("none")),
                List.of("train", "clip", folder.resolve("absent"), "--text", data, "--out", folder.resolve("none")),
                List.of("inspect", folder.resolve("absent")))) {
            Run run = Run.of(arguments.toArray());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err()).startsWith("error: ").hasLineCount(1);
        }
    }

    @Test
    void dataThatIsNotThereIsRefusedBeforeTheModelIsLoaded() {
        Run run = Run.of("eval", folder.resolve("absent"), "--model", folder.resolve("none"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("The data folder").hasLineCount(1);
    }

    @Test
    void badUsageIsExitCodeTwo() {
        Stream.of(
                        List.of("train"),
                        List.of("train", "clip", "x"),
                        List.of("eval"),
                        List.of("train", "caption", "x", "--steps", "many"))
                .forEach(arguments ->
                        assertThat(Run.of(arguments.toArray()).code()).isEqualTo(2));
        Run both = Run.of("train", "clip", "x", "--text", "t", "--out", "o", "--vision", "v", "--width", 32);
        assertThat(both.code()).isEqualTo(2);
        assertThat(both.err())
                .contains(
                        "error: --vision goes with none of --architecture, --image-size, --patch-size, --width, --layers; leave one or the other out.");
        Run twice = Run.of("train", "clip", "x", "--text", "t", "--out", "o", "--width", 64, "--width", 32);
        assertThat(twice.code()).isEqualTo(2);
        assertThat(twice.err())
                .contains(
                        "error: One of --vision, --architecture, --image-size, --patch-size, --width, --layers is given twice; give each once.");
        Run start = Run.of("train", "caption", "x", "--out", "o", "--llm", "v", "--vocabulary", 400);
        assertThat(start.code()).isEqualTo(2);
        assertThat(start.err()).contains("error: --llm goes with none of --llm-steps, --llm-accumulate,");
        Run many = Run.of("train", "caption", "x", "--out", "o", "--steps", "2147483648");
        assertThat(many.code()).isEqualTo(2);
        assertThat(many.err())
                .contains(
                        "error: Invalid value for option '--steps': expected a whole number from -2147483648 to 2147483647, found '2147483648'.");
        Run words = Run.of("train", "caption", "x", "--out", "o", "--learning-rate", "fast");
        assertThat(words.err())
                .contains("error: Invalid value for option '--learning-rate': expected a number, found 'fast'.");
        Run scratch = Run.of("train", "caption", "x", "--out", "o", "--save-adapter", "a");
        assertThat(scratch.code()).isEqualTo(2);
        assertThat(scratch.err())
                .contains("An adapter for a language model from scratch, which nobody else has; expected one from a");
        Run same = Run.of("train", "caption", "x", "--out", "o", "--llm", "v", "--save-adapter", "./o");
        assertThat(same.code()).isEqualTo(2);
        assertThat(same.err())
                .contains("The folder for the adapter, ./o, is in that for the text encoder, o; choose one beside it.");
    }

    /** Found before anything is read: none of the files exists. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            caption | --steps 0             | --steps must be at least 1, found 0.
            caption | --steps -5            | --steps must be at least 1, found -5.
            caption | --batch 1             | --batch must be from 2 to 32767, found 1; an example alone has nothing to be told apart from
            clip    | --batch 1             | --batch must be from 2 to 32767, found 1; an example alone has nothing to be told apart from
            clip    | --batch 100000        | --batch must be from 2 to 32767, found 100000
            caption | --learning-rate 0     | --learning-rate must be above 0 and at most 1, found 0.
            caption | --learning-rate -1e-3 | --learning-rate must be above 0 and at most 1, found -0.001.
            caption | --learning-rate NaN   | --learning-rate must be above 0 and at most 1, found NaN.
            caption | --learning-rate 1e-60 | --learning-rate must be above 0 and at most 1, found 0.
            clip    | --learning-rate 1e30  | --learning-rate must be above 0 and at most 1, found 1.0E30.
            clip    | --learning-rate Infinity | --learning-rate must be above 0 and at most 1, found Infinity.
            clip    | --layer-decay 0       | --layer-decay must be above 0 and at most 1, found 0.
            clip    | --layer-decay 1.5     | --layer-decay must be above 0 and at most 1, found 1.5.
            caption | --scale -50           | --scale must be above 0 and at most 1000, found -50.
            caption | --alpha 0             | --alpha must be above 0 and at most 65536, found 0.
            caption | --alpha NaN           | --alpha must be above 0 and at most 65536, found NaN.
            caption | --rank 0              | --rank must be from 1 to 65536, found 0.
            caption | --max-length 0        | --max-length must be at least 1, found 0.
            caption | --llm-steps 0         | --llm-steps must be at least 1, found 0.
            caption | --vocabulary 10       | --vocabulary must be from 260 to 1000000, found 10; 256 bytes
            caption | --warm-up -1          | --warm-up must be at least 0, found -1.
            caption | --warm-up 170         | The warm-up must be shorter than the training, found 170 steps of 170
            caption | --beta1 1             | --beta1 must be at least 0 and below 1, found 1.
            clip    | --beta2 NaN           | --beta2 must be at least 0 and below 1, found NaN.
            caption | --clip 0              | --clip must be above 0, found 0.
            clip    | --weight-decay -0.1   | --weight-decay must be from 0 to 1, found -0.1.
            caption | --save-every -1       | --save-every must be at least 0, found -1.
            clip    | --keep 0              | --keep must be at least 1, found 0.
            clip    | --eval-every -5       | --eval-every must be at least 0, found -5.
            caption | --val 0               | The share that is held out must be above 0 and at most 0.5, found 0
            clip    | --val 0.6             | The share that is held out must be above 0 and at most 0.5, found 0.6
            clip    | --val NaN             | The share that is held out must be above 0 and at most 0.5, found NaN
            clip    | --image-size 0        | --image-size must be from 1 to 8192, found 0.
            clip    | --image-size 60       | 60 pixels in patches of 16
            clip    | --layers 0            | --layers must be from 1 to 1000, found 0.
            clip    | --width 0             | --width must be from 1 to 1048576, found 0.
            clip    | --embedding-size -1   | --embedding-size must be from 1 to 1048576, found -1.
            clip    | --steps 1.5           | Invalid value for option '--steps'
            """)
    void optionsOutOfRangeAreBadUsage(String stage, String option, String sentence) {
        String[] words = option.split(" ");
        Object[] clip = {"train", "clip", "absent", "--text", "absent", "--out", "o", words[0], words[1]};
        Object[] caption = {"train", "caption", "absent", "--out", "o", words[0], words[1]};
        Run run = Run.of(stage.equals("clip") ? clip : caption);
        assertThat(run.err()).startsWith("error: ").contains(sentence);
        assertThat(run.err().lines()).hasSize(2).last().asString().startsWith("Try 'llm2clip train " + stage);
        assertThat(run.code()).isEqualTo(2);
    }

    @Test
    void helpIsShownWhateverTheOtherOptionsAre() {
        Run run = Run.of("train", "clip", "--steps", 0, "--help");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("--learning-rate=RATE", "--layer-decay=X");
    }

    @Test
    void devicesNamesThreadsVectorsAndMatrixUnit() {
        JsonNode json = Run.of("devices", "--json").json().path("cpu");
        assertThat(json.path("threads").asInt()).isPositive();
        assertThat(json.path("vectorBits").asInt()).isIn(64, 128, 256, 512);
        assertThat(json.path("matmul").asString()).isEqualTo("vector");
        assertThat(Run.of("devices").out())
                .contains(
                        "with the Java Vector API (" + json.path("matmulReason").asString() + ")")
                .contains("passed its self-test")
                .contains(", attention with ");
        assertThat(json.path("attention").asString()).isIn("avx512-attention", "avx2-attention", "vector");
        assertThat(json.path("others"))
                .allSatisfy(other -> assertThat(other.path("attention").isNull())
                        .isEqualTo(other.path("matmul").isNull()));
    }
}
