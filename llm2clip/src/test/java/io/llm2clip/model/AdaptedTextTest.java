package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RoundingError;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** What transformers and PEFT compute with adapters that PEFT wrote, see tests/reference/peft_adapters.py. */
class AdaptedTextTest {
    /** Of states after a normalization, the largest of which are about 3. */
    private static final float TOLERANCE = 3e-5f;

    private static final JsonNode EXPECTED =
            ConfigFile.read(Golden.path("peft/expected.json")).root();

    @TempDir
    private Path temporary;

    private Path base;
    private Path first;
    private Path second;

    @BeforeEach
    void copy() throws IOException {
        Path peft = Golden.path("peft");
        try (Stream<Path> files = Files.walk(peft)) {
            for (Path file : files.toList()) {
                Files.copy(
                        file, temporary.resolve(peft.relativize(file).toString()), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        base = temporary.resolve("base");
        first = temporary.resolve("first");
        second = temporary.resolve("second");
        TinyModel.writeTokenizer(base.resolve("tokenizer.json"));
    }

    private static float[] expected(String name) {
        List<Float> values = StreamSupport.stream(EXPECTED.path(name).spliterator(), false)
                .flatMap(row -> StreamSupport.stream(row.spliterator(), false))
                .map(value -> (float) value.asDouble())
                .toList();
        float[] array = new float[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return array;
    }

    private static int[] ids() {
        return StreamSupport.stream(EXPECTED.path("ids").spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    private static float[] hidden(Llama llama) {
        int[] ids = ids();
        Tensor row = Tensor.variable("ids", TensorData.ofInts(Shape.of(1, ids.length), ids));
        Sequences whole = new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), ids.length)));
        return llama.hidden(row, whole, false).evaluate().toFloats();
    }

    private static float[] hidden(Path path, Path... adapters) {
        try (Parameters parameters = Parameters.frozen()) {
            return hidden(open(parameters, path, adapters));
        }
    }

    private static Llama open(Parameters parameters, Path path, Path... adapters) {
        try (TextSource source = TextSource.open(path, List.of(adapters))) {
            Llama llama = Llama.encoder(parameters, source.config(), LlamaInitialization.STANDARD);
            source.load(llama);
            return llama;
        }
    }

    @Test
    void adaptersGiveWhatPeftComputes() {
        assertThat(hidden(base)).containsExactly(expected("base"), within(TOLERANCE));
        assertThat(hidden(first)).containsExactly(expected("first"), within(TOLERANCE));
        // Which names the first as its base.
        assertThat(hidden(second)).containsExactly(expected("second"), within(TOLERANCE));
        assertThat(hidden(base, first, second)).containsExactly(expected("second"), within(TOLERANCE));
        assertThat(hidden(first, second)).containsExactly(expected("second"), within(TOLERANCE));
    }

    /** The base is as it is stored, from where it is stored. */
    @Test
    void updatesStayApartUntilTheyAreMerged() {
        long before = EngineMemory.liveBytes();
        try (Parameters parameters = Parameters.frozen()) {
            Llama llama = open(parameters, second);
            Parameter query = parameters.get("layers.1.self_attn.q_proj.weight");
            assertThat(query.data().readOnly().isMapped()).isTrue();
            assertThat(Objects.requireNonNull(llama.storedLinears().get("layers.1.self_attn.q_proj"))
                            .getFirst()
                            .updates())
                    .extracting(lora -> lora.a().shape().dim(0))
                    .containsExactly(4, 5);
            assertThat(Objects.requireNonNull(llama.storedLinears().get("layers.0.mlp.down_proj"))
                            .getFirst()
                            .updates())
                    .extracting(lora -> lora.scale())
                    .containsExactly(2.5f, (float) (1.5 / Math.sqrt(3)));
            assertThat(llama.loraParameters()).isEmpty();
            llama.mergeLora();
            assertThat(hidden(llama)).containsExactly(expected("second"), within(2 * TOLERANCE));
            assertThat(query.data().readOnly().isMapped()).isFalse();
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** What is saved is the sum, piece by piece, and needs no adapter. */
    @Test
    void whatIsSavedIsMerged() {
        Path out = temporary.resolve("out");
        try (TextModel model = TextModel.open(second)) {
            float[][] before = model.vectors(List.of("a red kite", "")).toArrays();
            model.save(out, Map.of("made_by", "a test"), Existing.REFUSE);
            try (TextModel again = TextModel.open(out)) {
                float[][] after = again.vectors(List.of("a red kite", "")).toArrays();
                for (int i = 0; i < before.length; i++) {
                    assertThat(after[i]).containsExactly(before[i], within(TOLERANCE));
                }
                assertThat(again.fingerprint()).isNotEqualTo(model.fingerprint());
            }
        }
        assertThat(hidden(out)).containsExactly(expected("second"), within(TOLERANCE));
        try (Checkpoint file = Checkpoint.open(out)) {
            assertThat(file.entries()).containsOnlyKeys(keys(base));
            assertThat(file.tensor("layers.0.mlp.up_proj.weight").type()).isEqualTo(StoredType.F32);
            assertThat(file.tensor("embed_tokens.weight").type()).isEqualTo(StoredType.BF16);
        }
    }

    private static Iterable<String> keys(Path directory) {
        try (Checkpoint file = Checkpoint.open(directory)) {
            return List.copyOf(file.entries().keySet());
        }
    }

    /** Of weights that are quantized in memory, updates are not. */
    @Test
    void quantizedBasesKeepExactUpdates() {
        float[] exact = expected("first");
        try (Parameters parameters = Parameters.frozen(WeightFormat.INT8, Device.cpu())) {
            float[] rounded = hidden(open(parameters, first));
            assertThat(parameters
                            .get("layers.0.self_attn.q_proj.weight")
                            .data()
                            .dtype()
                            .isQuantized())
                    .isTrue();
            assertThat(RoundingError.of(rounded, exact).cosine()).isBetween(0.999, 0.9999999);
        }
    }

    @Test
    void tokenizerAndFormatAreTheAdaptersOwnBeforeTheBases() throws IOException {
        try (TextModel model = TextModel.open(first)) {
            assertThat(model.tokenizerFiles().source()).isEqualTo(base.resolve("tokenizer.json"));
        }
        Files.move(base.resolve("tokenizer.json"), second.resolve("tokenizer.json"));
        try (TextModel model = TextModel.open(second)) {
            assertThat(model.tokenizerFiles().source()).isEqualTo(second.resolve("tokenizer.json"));
        }
    }

    /** As adapters are saved beside the weights they were trained from. */
    @Test
    void theBaseMayLieInTheAdaptersDirectory() throws IOException {
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.move(base.resolve(file), first.resolve(file));
        }
        assertThat(hidden(first)).containsExactly(expected("first"), within(TOLERANCE));
    }

    /** Adapters were saved by torch.save before, and name the adapter within names. */
    @Test
    void olderNamesAreRead() {
        Path weights = first.resolve("adapter_model.safetensors");
        rewrite(weights, tensors -> {
            Map<String, StoredTensor> renamed = new HashMap<>();
            tensors.forEach((name, tensor) -> renamed.put(name.replace(".weight", ".default.weight"), tensor));
            tensors.clear();
            tensors.putAll(renamed);
            tensors.put("base_model.model.lm_head.lora_A.weight", StoredTensor.of(new float[4], 4, 1));
        });
        assertThat(hidden(first)).containsExactly(expected("first"), within(TOLERANCE));
    }

    private static void rewrite(Path file, Consumer<Map<String, StoredTensor>> change) {
        Map<String, StoredTensor> tensors = new HashMap<>();
        try (Checkpoint source = Checkpoint.open(file)) {
            source.entries()
                    .forEach((name, tensor) -> tensors.put(
                            name,
                            StoredTensor.of(
                                    tensor.toFloats(),
                                    tensor.shape().stream()
                                            .mapToLong(Long::longValue)
                                            .toArray())));
        }
        change.accept(tensors);
        SafetensorsWriter.write(file, tensors, Map.of());
    }

    private void refused(Path path, String message, Object... arguments) {
        long before = EngineMemory.liveBytes();
        assertThatThrownBy(() -> TextModel.open(path).close())
                .isInstanceOf(CheckpointException.class)
                .hasMessage(message, arguments);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void itIsNoVisionTower() {
        try (Parameters parameters = Parameters.frozen()) {
            assertThatThrownBy(() -> VisionTower.open(parameters, first))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(
                            "%s: expected a configuration file, found that of low-rank updates, which are of another kind of model; 'llm2clip inspect %s' says of which.",
                            first.resolve("config.json"), first);
        }
    }

    @Test
    void aMissingBaseIsNamed() throws IOException {
        Files.move(base, temporary.resolve("elsewhere"));
        refused(
                first,
                "%s: expected the base model that the adapter changes, 'example/base', under that path, beside the adapter or in the Hub's cache, found none; fetch it with 'llm2clip pull example/base', or join the two with 'llm2clip convert BASE OUT --adapter %s'.",
                first,
                first);
        try (TextModel given =
                TextModel.open(temporary.resolve("elsewhere"), List.of(first), Optional.empty(), WeightFormat.STORED)) {
            assertThat(hidden(given.llama())).containsExactly(expected("first"), within(TOLERANCE));
        }
        change(first, "\"example/base\"", "null");
        refused(
                first,
                "%s: expected the base model that the adapter changes, which its configuration does not name, under that path, beside the adapter or in the Hub's cache, found none; fetch it, or join the two with 'llm2clip convert BASE OUT --adapter %s'.",
                first,
                first);
        change(second, "\"example/first\"", "\"\\u0000\"");
        assertThatThrownBy(() -> TextModel.open(second))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("expected the base model that the adapter changes");
    }

    @Test
    void anAdapterUponItselfIsRefused() throws IOException {
        change(first, "\"example/base\"", "\"example/second\"");
        assertThatThrownBy(() -> TextModel.open(first))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(
                        "expected a base model below up to 8 adapters, found another adapter; one of them names itself as its base.");
    }

    private static void change(Path adapter, String before, String after) throws IOException {
        Path file = adapter.resolve("adapter_config.json");
        String json = Files.readString(file);
        assertThat(json).contains(before);
        Files.writeString(file, json.replace(before, after));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "\"use_dora\": false | \"use_dora\": true | a DoRA adapter ('use_dora')",
                "\"modules_to_save\": null | \"modules_to_save\": [\"embed_tokens\"] | one with whole layers besides ('modules_to_save')",
                "\"bias\": \"none\" | \"bias\": \"all\" | one with biases ('bias': 'all')",
                "\"peft_type\": \"LORA\" | \"peft_type\": \"IA3\" | an adapter of type IA3",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"pissa_niter_4\" | one whose base model was changed ('init_lora_weights': 'pissa_niter_4')",
                "\"layer_replication\": null | \"layer_replication\": [[0, 2]] | one that repeats layers ('layer_replication')"
            })
    void otherKindsAreRefused(String before, String after, String found) throws IOException {
        change(first, before, after);
        refused(
                first,
                "%s: expected a LoRA adapter of linear layers alone, found %s; merge it into its base model in Python (merge_and_unload) and save that.",
                first.resolve("adapter_config.json"),
                found);
    }

    @ParameterizedTest
    @CsvSource({"all-linear, true", ".*_proj, true", "'.*\\.(q_proj|k_proj)', false"})
    void targetsMayBeAPattern(String pattern, boolean fits) throws IOException {
        Path file = first.resolve("adapter_config.json");
        String json = Files.readString(file);
        Files.writeString(
                file,
                json.replaceAll(
                        "(?s)\"target_modules\": \\[.*?\\]",
                        "\"target_modules\": \"" + pattern.replace("\\", "\\\\\\\\") + "\""));
        if (fits) {
            assertThat(hidden(first)).containsExactly(expected("first"), within(TOLERANCE));
        } else {
            assertThatThrownBy(() -> hidden(first))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(
                            "expected updates of linear layers that the adapter's configuration names and the base model "
                                    + base + " has, found another; give the base that the adapter was made for");
        }
    }

    @Test
    void unknownTargetsAreRefused() throws IOException {
        change(first, "\"q_proj\"", "\"c_attn\"");
        refused(
                first,
                "%s: 'target_modules': expected linear layers of the base model, such as down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj, found 'c_attn'; use an adapter of linear layers that was made for this model.",
                first.resolve("adapter_config.json"));
        change(second, ".*\\\\.(q_proj|v_proj|down_proj)", "h\\\\.\\\\d+");
        change(first, "\"c_attn\"", "\"q_proj\"");
        assertThatThrownBy(() -> hidden(second))
                .hasMessageContaining("found a pattern that matches none; use an adapter of linear layers");
        change(second, "h\\\\.\\\\d+", "(");
        assertThatThrownBy(() -> hidden(second))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("expected a regular expression of layers, found '('");
    }

    @Test
    void missingAndForeignTensorsAreRefused() throws IOException {
        Path weights = first.resolve("adapter_model.safetensors");
        byte[] whole = Files.readAllBytes(weights);
        String name = "base_model.model.layers.1.mlp.up_proj.lora_B.weight";
        rewrite(weights, tensors -> tensors.remove(name));
        refused(
                first,
                "%s: expected a tensor '%s', since the adapter's configuration has the layer updated and %s has such a layer, found 27 others; fetch the adapter again, or give the base that it was made for.",
                weights,
                name,
                base);
        Files.write(weights, whole);
        rewrite(
                weights,
                tensors -> tensors.put(
                        "base_model.model.layers.2.mlp.up_proj.lora_B.weight", StoredTensor.of(new float[1], 1)));
        assertThatThrownBy(() -> hidden(first))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(
                        "tensor 'base_model.model.layers.2.mlp.up_proj.lora_B.weight': expected updates of");
        Files.delete(weights);
        refused(
                first,
                "%s: expected the adapter's weights beside its configuration, adapter_model.safetensors or adapter_model.bin, found none; fetch them, too.",
                first);
    }

    /** Sizes tell. */
    @Test
    void anotherBaseIsRefused() throws IOException {
        Path tiny = temporary.resolve("model");
        try (Parameters parameters = new Parameters(5)) {
            ModelDirectory.save(tiny, TinyModel.create(parameters), base.resolve("tokenizer.json"), Existing.REFUSE);
        }
        assertThatThrownBy(() -> hidden(tiny, first))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: tensor 'base_model.model.layers.0.mlp.down_proj.lora_A.weight': expected shape [4, 24] for a layer of shape [16, 24] in the base model %s, found [4, 48]; give the base that the adapter was made for, example/base.",
                        first.resolve("adapter_model.safetensors"), tiny);
        assertThatThrownBy(() -> hidden(base, tiny))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: expected the directory of a PEFT adapter, with an adapter_config.json, found none; give the one that the adapter was saved to.",
                        tiny);
        change(first, "\"r\": 4", "\"r\": 8");
        assertThatThrownBy(() -> hidden(first)).hasMessageContaining("expected shape [8, 48]");
    }

    /** Nothing but the updates is ever in memory. */
    @Test
    void whatStaysOnDiskIsSavedMerged() {
        Path out = temporary.resolve("out");
        long before = EngineMemory.liveBytes();
        try (TextModel model = TextModel.onDisk(second, List.of());
                OutputDirectory output = TextModel.claim(out, Existing.REFUSE)) {
            assertThat(EngineMemory.liveBytes()).isEqualTo(before);
            model.save(output, Map.of(), Saving.DEFAULT.in(SavedType.F32));
        }
        assertThat(hidden(out)).containsExactly(expected("second"), within(TOLERANCE));
    }
}
