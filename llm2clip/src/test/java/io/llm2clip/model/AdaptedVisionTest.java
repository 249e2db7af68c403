package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.conversion.Conversion;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Adapters of vision towers as PEFT writes and reads them, see tests/reference/vision_adapters.py; with {@code -Dllm2clip.python=DIR}
 * what is written here stays for it.
 */
class AdaptedVisionTest {
    private static final float TOLERANCE = 2e-5f;
    private static final LoraSettings SETTINGS = new LoraSettings(3, 6, 0.1f);
    private static final JsonNode EXPECTED =
            ConfigFile.read(Golden.path("peft-vision/expected.json")).root();

    @TempDir
    private Path temporary;

    @BeforeEach
    void copy() throws IOException {
        copy(Golden.path("peft-vision"), temporary);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static float[] expected(String tower, String key) {
        List<Float> values = EXPECTED.path(tower)
                .path(key)
                .valueStream()
                .map(value -> (float) value.asDouble())
                .toList();
        float[] array = new float[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return array;
    }

    private static float[] embedding(VisionTower tower) {
        int side = tower.config().imageSize();
        float[] pixels = new float[3 * side * side];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (i * 7 % 31 - 15) / 8f;
        }
        return tower.embed(Tensor.variable("pixels", TensorData.of(Shape.of(1, 3, side, side), pixels)))
                .evaluate()
                .toFloats();
    }

    private static float[] embedding(Path path) {
        try (Parameters parameters = Parameters.frozen()) {
            return embedding(VisionTower.open(parameters, path));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip", "siglip"})
    void adaptersGiveWhatPeftComputes(String kind) {
        Path folder = temporary.resolve(kind);
        long before = EngineMemory.liveBytes();
        assertThat(embedding(folder.resolve("base"))).containsExactly(expected(kind, "base"), within(TOLERANCE));
        assertThat(embedding(folder.resolve("adapter"))).containsExactly(expected(kind, "adapted"), within(TOLERANCE));
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThat(CheckpointKind.of(folder.resolve("adapter"))).isEqualTo(CheckpointKind.VISION_TOWER);
    }

    /** The base is as it is stored, from where it is stored; what is saved is the sum. */
    @Test
    void updatesStayApartUntilTheTowerIsSaved() {
        Path adapter = temporary.resolve("clip/adapter");
        try (Parameters parameters = Parameters.frozen()) {
            VisionTower tower = VisionTower.open(parameters, adapter);
            assertThat(tower.attentionInputs())
                    .hasSize(6)
                    .allMatch(linear -> linear.updates().size() == 1)
                    .allMatch(linear -> linear.weight().data().readOnly().isMapped());
        }
        Path out = temporary.resolve("out");
        new Conversion(adapter, out, Optional.empty(), List.of(), SavedType.F32, Saving.USUAL_SHARD, Existing.REFUSE)
                .run(Progress.NONE);
        assertThat(out.resolve("adapter_config.json")).doesNotExist();
        assertThat(embedding(out)).containsExactly(expected("clip", "adapted"), within(TOLERANCE));
    }

    /** Names of tensors and settings are PEFT's. */
    @ParameterizedTest
    @ValueSource(strings = {"clip", "siglip"})
    void whatIsWrittenIsWhatPeftWrites(String kind) throws IOException {
        Path published = temporary.resolve(kind).resolve("adapter");
        Path folder = Path.of(System.getProperty(
                        "llm2clip.python", temporary.resolve("written").toString()))
                .resolve(kind);
        copy(Golden.path("peft-vision").resolve(kind).resolve("base"), folder.resolve("base"));
        Path adapter = folder.resolve("adapter");
        float[] adapted = trained(folder.resolve("base"), VisionOptions.STORED, adapter);
        assertThat(embedding(adapter)).containsExactly(adapted, within(TOLERANCE));
        assertThat(adapted).isNotEqualTo(expected(kind, "base"));
        try (Checkpoint ours = Checkpoint.open(adapter.resolve("adapter_model.safetensors"));
                Checkpoint theirs = Checkpoint.open(published.resolve("adapter_model.safetensors"))) {
            assertThat(ours.entries()).containsOnlyKeys(theirs.entries().keySet());
            theirs.entries()
                    .forEach((name, tensor) ->
                            assertThat(ours.tensor(name).shape()).as(name).isEqualTo(tensor.shape()));
        }
        JsonNode ours = ConfigFile.read(adapter.resolve(LoraConfig.FILE)).root();
        JsonNode theirs = ConfigFile.read(published.resolve(LoraConfig.FILE)).root();
        Stream.of("peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "modules_to_save")
                .forEach(key -> assertThat(ours.get(key)).as(key).isEqualTo(theirs.get(key)));
        ObjectNode python = ConfigFile.object();
        put(python.putArray("base"), expected(kind, "base"));
        put(python.putArray("adapted"), adapted);
        ConfigFile.write(folder.resolve("expected.json"), python);
    }

    /** Changes a tower as a training does, saves what changed, and gives the embedding. */
    private static float[] trained(Path base, VisionOptions options, Path adapter) {
        try (Parameters parameters = new Parameters(1);
                Parameters updates = new Parameters(2);
                OutputDirectory output = VisionTower.claimAdapter(adapter, Existing.REPLACE)) {
            VisionTower tower = VisionTower.open(parameters, base, options);
            List<Parameter> attached = tower.attachLora(updates, SETTINGS);
            Stream.concat(attached.stream(), tower.projection().stream())
                    .forEach(parameter -> parameter.fill(i -> 0.2f * (float) Math.sin(1 + 12.9898 * i)));
            tower.saveAdapter(output, attached, SETTINGS, base);
            return embedding(tower);
        }
    }

    private static void put(ArrayNode array, float[] values) {
        for (float value : values) {
            array.add(Double.parseDouble(Float.toString(value)));
        }
    }

    /** The projection is the adapter's, whatever size the base has, unless another size is asked for. */
    @Test
    void aProjectionOfAnotherSizeIsTheAdapters() {
        Path adapter = temporary.resolve("clip/wide");
        float[] adapted = trained(temporary.resolve("clip/base"), VisionOptions.STORED.withEmbeddingSize(9), adapter);
        assertThat(adapted).hasSize(9);
        assertThat(embedding(adapter)).containsExactly(adapted, within(TOLERANCE));
        assertThat(VisionConfig.ofCheckpoint(adapter).projectionSize()).isEqualTo(9);
        try (Parameters parameters = new Parameters(1)) {
            VisionTower other = VisionTower.open(parameters, adapter, VisionOptions.STORED.withEmbeddingSize(5));
            assertThat(embedding(other)).hasSize(5);
        }
    }

    /** As trainings may follow each other. */
    @Test
    void adaptersFollowEachOther() {
        Path first = temporary.resolve("clip/adapter");
        Path second = temporary.resolve("clip/second");
        float[] both = trained(first, VisionOptions.STORED, second);
        assertThat(embedding(second)).containsExactly(both, within(TOLERANCE));
        try (Parameters parameters = Parameters.frozen()) {
            assertThat(VisionTower.open(parameters, second).attentionInputs())
                    .allMatch(linear -> linear.updates().size() == 2);
        }
    }

    private static void refused(Path adapter, String message, Object... arguments) {
        long before = EngineMemory.liveBytes();
        assertThatThrownBy(() -> embedding(adapter))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(message, arguments);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void itIsNoTextEncoder() {
        Path adapter = temporary.resolve("clip/adapter");
        assertThatThrownBy(() -> TextModel.open(adapter))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: expected a configuration file, found that of low-rank updates, which are of another kind of model; 'llm2clip inspect %s' says of which.",
                        adapter.resolve("config.json"), adapter);
    }

    @Test
    void whatIsMissingOrOfAnotherKindIsNamed() throws IOException {
        Path adapter = temporary.resolve("clip/adapter");
        Path config = adapter.resolve(LoraConfig.FILE);
        String text = Files.readString(config);
        Files.writeString(config, text.replace("\"v_proj\"", "\"fc1\""));
        refused(
                adapter,
                "%s: 'target_modules': expected linear layers of the base model, such as k_proj, q_proj, v_proj, found 'fc1'; use an adapter of linear layers that was made for this model.",
                config);
        Files.writeString(config, text.replace("visual_projection", "post_layernorm"));
        refused(
                adapter,
                "%s: expected a LoRA adapter of linear layers alone, found one with whole layers besides ('modules_to_save'); merge it into its base model in Python (merge_and_unload) and save that.",
                config);
        Files.writeString(config, text);
        Files.move(temporary.resolve("clip/base"), temporary.resolve("elsewhere"));
        refused(
                adapter,
                "%s: expected the vision tower that the adapter changes, 'example/base', under that path, beside the adapter or in the Hub's cache, found none; fetch it.",
                adapter);
    }
}
