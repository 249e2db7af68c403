package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable.LongRope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Against directories and states of transformers, see tests/reference/language_models.py. */
class LlamaFamilyTest {
    private static final double STATES = 1e-5;
    private static final double GRADIENTS = 1e-4;
    private static final String GRADIENT = "gradient.";

    @TempDir
    private Path temporary;

    private static Path directory(String name) {
        return Golden.path("language/" + name);
    }

    private static Checkpoint golden(String name) {
        return Checkpoint.open(directory(name + ".safetensors"));
    }

    private static LlamaConfig config(String name) {
        return LlamaConfig.read(directory(name).resolve("config.json"));
    }

    private static Llama open(String name, Parameters parameters) {
        Llama llama = Llama.languageModel(parameters, config(name), LlamaInitialization.STANDARD);
        TextFiles.load(llama, directory(name));
        return llama;
    }

    private static Tensor ids(Checkpoint golden) {
        int[] values = golden.tensor("ids").data().toArray(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED);
        return Tensor.variable("ids", TensorData.ofInts(Shape.of(2, values.length / 2), values));
    }

    private static Sequences rows(Tensor ids) {
        int length = ids.shape().dim(1);
        return new Sequences.Padded(
                Tensor.variable("lengths", TensorData.ofInts(Shape.of(2), new int[] {length, length})));
    }

    private static void assertClose(Tensor actual, Checkpoint golden, String name, double tolerance) {
        float[] expected = golden.readFloats(name);
        float[] values = actual.evaluate().toFloats();
        assertThat(values).hasSameSizeAs(expected);
        float scale = 0;
        for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(scale).as("magnitude of %s", name).isPositive();
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) values[i] / scale)
                    .as("%s[%d]", name, i)
                    .isCloseTo((double) expected[i] / scale, within(tolerance));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen2-tied", "gemma", "phi3", "phi3-longrope"})
    void statesLogitsAndGradientsAreThoseOfTransformers(String name) {
        try (Checkpoint golden = golden(name);
                Parameters parameters = Parameters.trained()) {
            Llama llama = open(name, parameters);
            Tensor ids = ids(golden);
            Sequences rows = rows(ids);
            Tensor states = llama.hidden(ids, rows, false);
            assertClose(states, golden, "bidirectional", STATES);
            assertClose(llama.hidden(ids, rows, true), golden, "causal", STATES);
            assertClose(llama.logits(ids, rows), golden, "logits", STATES);
            Tensor direction =
                    Tensor.variable("direction", TensorData.of(states.shape(), golden.readFloats("direction")));
            List<Parameter> trained = llama.parameters().stream()
                    .filter(parameter -> !parameter.name().equals("lm_head.weight"))
                    .toList();
            List<Tensor> gradients = Gradients.of(
                    states.mul(direction).sum(),
                    trained.stream().map(Parameter::tensor).toList());
            for (int i = 0; i < trained.size(); i++) {
                assertClose(gradients.get(i), golden, GRADIENT + trained.get(i).name(), GRADIENTS);
            }
            assertThat(trained)
                    .extracting(parameter -> GRADIENT + parameter.name())
                    .containsExactlyInAnyOrderElementsOf(golden.entries().keySet().stream()
                            .filter(entry -> entry.startsWith(GRADIENT))
                            .toList());
        }
    }

    /** PEFT's names and shapes, those of fused layers among them. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "gemma", "phi3"})
    void updatesAreThoseOfPeft(String name) {
        try (Checkpoint golden = golden(name);
                Parameters parameters = Parameters.frozen(WeightFormat.STORED, Device.cpu());
                Parameters updates = Parameters.trained()) {
            Llama llama = open(name, parameters);
            llama.attachLora(updates, LoraSettings.of(2, 6));
            ParameterFiles.load(
                    llama.loraParameters(), golden, UnaryOperator.identity(), other -> !other.startsWith("base_model"));
            Tensor ids = ids(golden);
            assertClose(llama.hidden(ids, rows(ids), false), golden, "lora", STATES);
            llama.mergeLora();
            assertClose(llama.hidden(ids, rows(ids), false), golden, "lora", STATES);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen2-tied", "gemma", "phi3", "phi3-longrope"})
    void whatIsWrittenHasHuggingFacesNamesShapesAndSettings(String name) throws IOException {
        LlamaConfig config = config(name);
        Path weights = temporary.resolve("model.safetensors");
        try (Parameters parameters = Parameters.trained()) {
            Llama llama = Llama.encoder(parameters, config, LlamaInitialization.STANDARD);
            TextFiles.load(llama, directory(name));
            ParameterFiles.save(llama.parameters(), config.family().stored(""), weights, Map.of());
        }
        assertThat(shapes(weights)).isEqualTo(shapes(directory(name).resolve("model.safetensors")));
        Path file = temporary.resolve("config.json");
        config.write(file);
        assertThat(LlamaConfig.read(file)).isEqualTo(config);
        JsonNode written = ConfigFile.read(file).root();
        JsonNode original =
                ConfigFile.read(directory(name).resolve("config.json")).root();
        Set<String> same = new TreeSet<>(written.propertyNames());
        same.retainAll(Set.copyOf(original.propertyNames()));
        same.removeAll(Set.of("architectures", "hidden_activation", "max_window_layers", "rope_scaling"));
        assertThat(same).hasSizeGreaterThan(9);
        for (String key : same) {
            assertThat(written.path(key).asString(""))
                    .as(key)
                    .isEqualTo(original.path(key).asString(""));
        }
        assertThat(written.path("architectures").path(0).asString() + " of "
                        + written.path("model_type").asString())
                .isEqualTo(original.path("architectures").path(0).asString().replace("ForCausalLM", "Model") + " of "
                        + config.family().modelType());
    }

    /** The head is left out of encoders, and the prefix of language models. */
    private static Map<String, List<Long>> shapes(Path file) {
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            return checkpoint.entries().keySet().stream()
                    .filter(tensor -> !tensor.equals("lm_head.weight"))
                    .collect(Collectors.toMap(
                            tensor -> tensor.replaceFirst("^model\\.", ""),
                            tensor -> checkpoint.tensor(tensor).shape()));
        }
    }

    @Test
    void rowsBeyondTheSlidingWindowAreRefused() {
        LlamaConfig config = config("mistral");
        assertThat(config.slidingWindow()).isEqualTo(12);
        assertThat(config("phi3").longestSequence()).isEqualTo(12);
        assertThat(config("phi3-longrope").longestSequence()).isEqualTo(32);
        assertThat(config("qwen2").longestSequence()).isEqualTo(Integer.MAX_VALUE);
        try (Parameters parameters = new Parameters(1)) {
            Llama llama = Llama.encoder(parameters, config, LlamaInitialization.STANDARD);
            Tensor ids = Tensor.variable("ids", TensorData.ofInts(Shape.of(2, 13), new int[26]));
            assertThatThrownBy(() -> llama.hidden(ids, rows(ids), false))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "Rows of 13 tokens for a mistral model of at most 12, since it reads longer ones by a sliding window or other rotary frequencies, which are not supported; use shorter rows.");
        }
    }

    private LlamaConfig read(String model, String settings) throws IOException {
        return LlamaConfig.read(Files.writeString(temporary.resolve("config.json"), """
                {"model_type": "%s", "hidden_size": 24, "num_attention_heads": 4, "intermediate_size": 8, "vocab_size": 9,
                 "num_hidden_layers": 1%s}
                """.formatted(model, settings)));
    }

    @Test
    void whatFilesDoNotSayIsAsInTransformers() throws IOException {
        assertThat(read("mistral", "").slidingWindow()).isEqualTo(4096);
        assertThat(read("mistral", ", \"sliding_window\": null").slidingWindow())
                .isNull();
        assertThat(read("qwen2", ", \"sliding_window\": 64").slidingWindow()).isNull();
        assertThat(read("qwen2", ", \"use_sliding_window\": true, \"sliding_window\": 64")
                        .slidingWindow())
                .isEqualTo(64);
        assertThat(read("gemma", "").headSize()).isEqualTo(256);
        assertThat(read("gemma", "").tieWordEmbeddings()).isTrue();
        assertThat(read("gemma", ", \"hidden_act\": \"gelu\"").family()).isEqualTo(LlamaFamily.GEMMA);
        assertThat(read("qwen2", "").tieWordEmbeddings()).isFalse();
        assertThat(read("phi3", "").rmsNormEpsilon()).isEqualTo(1e-5f);
        assertThat(read("llama", "").rmsNormEpsilon()).isEqualTo(1e-6f);
        String factors =
                "\"short_factor\": [1, 1, 1], \"long_factor\": [2, 3, 4]}, \"max_position_embeddings\": 131072, "
                        + "\"original_max_position_embeddings\": 4096";
        // Phi-3.5's, and the names that it had first.
        for (String type : List.of("longrope", "su", "yarn")) {
            assertThat(read("phi3", ", \"rope_scaling\": {\"type\": \"" + type + "\", " + factors)
                            .ropeScaling())
                    .isEqualTo(new LongRope(
                            List.of(1.0, 1.0, 1.0), List.of(2.0, 3.0, 4.0), 4096, Math.sqrt(1 + 5.0 / 12)));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gemma2||expected a text encoder of a model_type among llama, mistral, qwen2, gemma, phi3, found 'gemma2'; use a checkpoint of one of them.",
                "qwen2|, \"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0}|expected rotary scaling 'llama3', 'longrope' or none, found 'yarn'; use another checkpoint.",
                "llama|, \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4.0}|found 'linear'",
                "llama|, \"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 4.0}|found 'dynamic'",
                "phi3|, \"rope_scaling\": {\"type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1, 2, 3]}, \"max_position_embeddings\": 9|'short_factor': expected a list of 3 positive numbers, found [1]; fetch",
                "phi3|, \"partial_rotary_factor\": 0.75|'partial_rotary_factor': expected 1, found 0.75: a model that turns a part of each head only, which is not supported; use another checkpoint.",
                "llama|, \"attention_bias\": true|'attention_bias': expected a llama model without, found one with; such weights are not supported, use another checkpoint.",
                "gemma|, \"hidden_act\": \"silu\"|'hidden_act': expected 'gelu_pytorch_tanh', found \"silu\"",
                "qwen2|, \"hidden_act\": \"gelu\"|'hidden_act': expected 'silu', found \"gelu\"",
            })
    void whatIsNotSupportedIsRefused(String model, String settings, String message) {
        assertThatThrownBy(() -> read(model, settings == null ? "" : settings))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(temporary.resolve("config.json") + ": ")
                .hasMessageContaining(message);
    }
}
