package io.llm2clip.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.InputException;
import io.llm2clip.kernels.DType;
import io.llm2clip.model.CheckpointKind;
import io.llm2clip.model.PublishedFixture;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written gives what it was made from, whatever that was. */
class ConversionTest {
    private static final String OPENAI = "LLM2CLIP-Openai-L-14-336";
    private static final String EVA02 = "LLM2CLIP-EVA02-B-16";
    private static final String SIGLIP2 = "LLM2CLIP-Llama3.1-8B-siglip2-so400m-patch14-224";

    @TempDir
    private Path folder;

    private static Path golden(String name) throws URISyntaxException {
        return Path.of(
                Objects.requireNonNull(PublishedFixture.class.getResource(name)).toURI());
    }

    private static Conversion conversion(Path in, Path out, SavedType type) {
        return new Conversion(in, out, Optional.empty(), List.of(), type, Saving.USUAL_SHARD, Existing.REFUSE);
    }

    private Path published(String name) throws IOException {
        PublishedFixture.writeTextEncoder(folder.resolve(PublishedFixture.TEXT_ENCODER));
        PublishedFixture.writeTextEncoder(folder.resolve("Llama-3.1-8B-Instruct"));
        return PublishedFixture.read(name).write(folder.resolve(name));
    }

    private static float[][] captions(Path model) {
        try (Llm2Clip loaded = Llm2Clip.load(model)) {
            return loaded.embedTexts(PublishedFixture.captions());
        }
    }

    private static float[] picture(Path model) {
        try (Llm2Clip loaded = Llm2Clip.load(model)) {
            return loaded.embedImages(PublishedFixture.picture())[0];
        }
    }

    /** Under names of Hugging Face, EVA-CLIP's .pt, and of timm. */
    @ParameterizedTest
    @ValueSource(strings = {OPENAI, EVA02, SIGLIP2})
    void publishedModelsBecomeOurDirectories(String name) throws IOException {
        Path in = published(name);
        Path out = folder.resolve("out");
        long before = EngineMemory.liveBytes();
        EngineMemory.resetPeak();
        Conversion.Result result = conversion(in, out, SavedType.STORED).run(Progress.NONE);
        assertThat(EngineMemory.peakBytes()).as("no weight in memory").isEqualTo(before);
        assertThat(result.kind()).isEqualTo(CheckpointKind.MODEL);
        assertThat(result.roundings()).isEmpty();
        assertThat(captions(out)).isDeepEqualTo(captions(in));
        assertThat(picture(out)).containsExactly(picture(in), within(1e-6f));
        try (Llm2Clip from = Llm2Clip.load(in);
                Llm2Clip to = Llm2Clip.load(out)) {
            assertThat(to.logitScale()).isEqualTo(from.logitScale());
            assertThat(to.description().preprocessing())
                    .isEqualTo(from.description().preprocessing());
            assertThat(to.description().exifOrientation()).isFalse();
        }
        try (Checkpoint vision = Checkpoint.open(out.resolve("vision"));
                Checkpoint text = Checkpoint.open(out.resolve("text"))) {
            assertThat(vision.entries().values())
                    .extracting(StoredTensor::type)
                    .containsOnly(name.equals(EVA02) ? StoredType.F16 : StoredType.F32);
            assertThat(text.entries().values()).extracting(StoredTensor::type).containsOnly(StoredType.F32);
        }
    }

    @ParameterizedTest
    @CsvSource({"BF16, 0.9999", "F16, 0.999999", "INT8, 0.999", "INT4, 0.9"})
    void weightsAreRoundedAndWhatThatChangesIsTold(SavedType type, double similar) throws IOException {
        Path in = published(OPENAI);
        Path out = folder.resolve("out");
        Conversion.Result result = conversion(in, out, type).run(Progress.NONE);
        assertThat(result.roundings()).isNotEmpty();
        assertThat(result.roundings().stream().map(RoundedTensor::name)).doesNotHaveDuplicates();
        assertThat(result.roundings()).allSatisfy(tensor -> {
            assertThat(tensor.error().relative()).isLessThan(type == SavedType.INT4 ? 0.15 : 0.01);
            assertThat(tensor.error().cosine()).isGreaterThan(type == SavedType.INT4 ? 0.985 : 0.9999);
            assertThat(tensor.error().elements()).isPositive();
        });
        float[][] exact = captions(in);
        float[][] rounded = captions(out);
        for (int i = 0; i < exact.length; i++) {
            assertThat(cosine(exact[i], rounded[i])).isBetween(similar, 1 + 1e-6);
        }
        assertThat(cosine(picture(in), picture(out))).isBetween(similar, 1 + 1e-6);
    }

    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /** Blocks of a GGUF file are floats in other software's files, and stay themselves in ours. */
    @ParameterizedTest
    @EnumSource(names = {"STORED", "F32", "INT8"})
    void textEncodersComeFromGguf(SavedType type) throws URISyntaxException {
        Path in = golden("gguf/tiny.gguf");
        Path out = folder.resolve("out");
        long before = EngineMemory.liveBytes();
        EngineMemory.resetPeak();
        Conversion.Result result =
                new Conversion(in, out, Optional.empty(), List.of(), type, 30_000, Existing.REFUSE).run(Progress.NONE);
        assertThat(EngineMemory.peakBytes()).as("no weight in memory").isEqualTo(before);
        assertThat(result.kind()).isEqualTo(CheckpointKind.TEXT_ENCODER);
        assertThat(out.resolve("model.safetensors.index.json")).exists();
        List<String> texts = List.of("a red kite", "");
        try (TextModel from = TextModel.open(in);
                TextModel to = TextModel.open(out);
                Checkpoint file = Checkpoint.open(out)) {
            float[][] expected = from.vectors(texts).toArrays();
            float[][] actual = to.vectors(texts).toArrays();
            if (type == SavedType.INT8) {
                assertThat(result.roundings()).isNotEmpty();
                assertThat(file.tensor("layers.0.mlp.up_proj.weight").type()).isEqualTo(StoredType.Q8_0);
                assertThat(cosine(unit(expected[0]), unit(actual[0]))).isBetween(0.99, 1.0001);
            } else {
                assertThat(result.roundings()).isEmpty();
                for (int i = 0; i < expected.length; i++) {
                    assertThat(actual[i]).containsExactly(expected[i], within(1e-4f));
                }
            }
        }
    }

    private static float[] unit(float[] vector) {
        float length = (float) Math.sqrt(cosine(vector, vector));
        float[] unit = new float[vector.length];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = vector[i] / length;
        }
        return unit;
    }

    /** Base, adapter, adapter upon it, as LLM2Vec puts them together. */
    @Test
    void adaptersAreMergedInTheirOrder() throws IOException, URISyntaxException {
        Path base = folder.resolve("base");
        Files.createDirectory(base);
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(golden("peft/base/" + file), base.resolve(file));
        }
        Files.copy(golden("published/tokenizer.json"), base.resolve("tokenizer.json"));
        List<Path> adapters = List.of(golden("peft/first"), golden("peft/second"));
        Path out = folder.resolve("out");
        new Conversion(base, out, Optional.empty(), adapters, SavedType.F32, Saving.USUAL_SHARD, Existing.REFUSE)
                .run(Progress.NONE);
        try (TextModel apart = TextModel.open(base, adapters, Optional.empty(), WeightFormat.STORED);
                TextModel merged = TextModel.open(out)) {
            List<String> texts = List.of("ab");
            assertThat(merged.vectors(texts).toArrays()[0])
                    .containsExactly(apart.vectors(texts).toArrays()[0], within(3e-5f));
            assertThat(merged.provenance())
                    .containsEntry("merged_adapter.1", adapters.get(0).toString())
                    .containsEntry("merged_adapter.2", adapters.get(1).toString());
        }
        assertThatThrownBy(() -> new Conversion(
                                published(OPENAI),
                                folder.resolve("other"),
                                Optional.empty(),
                                adapters,
                                SavedType.F32,
                                1,
                                Existing.REFUSE)
                        .run(Progress.NONE))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "%s: --adapter is for a text encoder, found a model; leave it out.", folder.resolve(OPENAI));
    }

    /** A directory of a tower, of which some tensors are there. */
    private Path tower(String name, Predicate<String> tensors) throws IOException {
        PublishedFixture fixture = PublishedFixture.read(OPENAI);
        Path directory = fixture.write(folder.resolve(name));
        Map<String, StoredTensor> some = new HashMap<>(fixture.tensors());
        some.keySet().removeIf(tensors.negate());
        if (some.keySet().stream().noneMatch(tensor -> tensor.startsWith("vision_model."))) {
            throw new AssertionError(fixture.tensors().keySet());
        }
        some.put("text_model.final_layer_norm.bias", StoredTensor.of(new float[1], 1));
        some.keySet().removeIf(tensors.negate());
        SafetensorsWriter.write(fixture.weights(directory), some, Map.of());
        return directory;
    }

    @ParameterizedTest
    @EnumSource(names = {"STORED", "INT8"})
    void visionTowersAreWrittenAlone(SavedType type) throws IOException {
        Path in =
                tower("tower", tensor -> tensor.startsWith("vision_model.") || tensor.startsWith("visual_projection."));
        Path out = folder.resolve("out");
        List<String> notes = new ArrayList<>();
        Conversion.Result result = conversion(in, out, type).run(new Notes(notes));
        assertThat(notes).isEmpty();
        assertThat(result.kind()).isEqualTo(CheckpointKind.VISION_TOWER);
        assertThat(result.roundings().isEmpty()).isEqualTo(type == SavedType.STORED);
        try (Parameters from = Parameters.frozen();
                Parameters to = Parameters.frozen()) {
            VisionTower before = VisionTower.open(from, in);
            VisionTower after = VisionTower.open(to, out);
            assertThat(after.config()).isEqualTo(before.config());
            assertThat(cosine(unit(embedding(after)), unit(embedding(before))))
                    .isBetween(type == SavedType.STORED ? 0.999999 : 0.999, 1.000001);
        }
    }

    /** Half of what was read would not be all of it. */
    @Test
    void theTextTowerOfAVisionTowerIsLeftOutWithARemark() throws IOException {
        Path in = tower("clip", tensor -> !tensor.startsWith("text_adapter."));
        List<String> notes = new ArrayList<>();
        conversion(in, folder.resolve("alone"), SavedType.STORED).run(new Notes(notes));
        assertThat(notes)
                .containsExactly(in + ": parts of a text tower are left out; what is written is the vision tower.");
    }

    private static float[] embedding(VisionTower tower) {
        int side = tower.config().imageSize();
        TensorData pixels = TensorData.allocate(Shape.of(1, 3, side, side), DType.F32);
        return tower.embed(Tensor.variable("pixels", pixels)).evaluate().toFloats();
    }

    private record Notes(List<String> notes) implements Progress {
        @Override
        public Phase begin(String name, long total, String unit) {
            return NONE.begin(name, total, unit);
        }

        @Override
        public void note(String sentence) {
            notes.add(sentence);
        }
    }

    @Test
    void whatIsNoModelIsRefused() throws IOException {
        Path nothing = folder.resolve("nothing");
        Path out = folder.resolve("out");
        assertThatThrownBy(() -> conversion(nothing, out, SavedType.F32).run(Progress.NONE))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "%s: there is no such file or directory; give a model, a text encoder or a vision tower.",
                        nothing);
        Path other = folder.resolve("other.safetensors");
        SafetensorsWriter.write(other, Map.of("a", StoredTensor.of(new float[1], 1)), Map.of());
        assertThatThrownBy(() -> conversion(other, out, SavedType.F32).run(Progress.NONE))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: expected a text encoder, a vision tower or a model of both, found 1 other tensors, such as 'a'; use such a checkpoint.",
                        other);
        assertThatThrownBy(() -> conversion(folder, folder.resolve("within"), SavedType.F32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "%s within or around %s, which it is made from; expected another folder.",
                        folder.resolve("within"), folder);
        assertThat(out).doesNotExist();
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(other);
        }
    }
}
