package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against Hugging Face's Llama with grouped heads and all three ranges of llama3 scaling. */
class LlamaTest {
    private static final UnaryOperator<String> STORED = name -> name.startsWith("lm_head") ? name : "model." + name;

    private final LlamaConfig config = LlamaConfig.read(Golden.path("llama.json"));

    @Test
    void hiddenStatesLogitsAndGradientsMatch() {
        try (Golden golden = Golden.open("llama");
                Parameters parameters = Parameters.trained()) {
            Llama llama = Llama.languageModel(parameters, config, LlamaInitialization.STANDARD);
            golden.fill(llama.parameters(), STORED);
            Tensor ids = golden.ints("ids");
            Tensor lengths = golden.ints("lengths");
            Sequences rows = new Sequences.Padded(lengths);
            assertRealTokens(golden, llama.hidden(ids, rows, true), "golden.causal");
            assertRealTokens(golden, llama.hidden(ids, rows, false), "golden.bidirectional");
            assertRealTokens(golden, llama.logits(ids, rows), "golden.logits");
            Tensor pooled = ragged(llama, ids, lengths, golden.floats("pooling"));
            golden.assertEqual(pooled, "golden.pooled");
            golden.assertGradients(pooled, llama.parameters(), STORED);
        }
    }

    /** A failure names the block that differs: the model is taken to end with each of them. */
    @Test
    void eachBlockGivesWhatHuggingFacesDoes(@TempDir Path directory) throws IOException {
        String all = "\"num_hidden_layers\": " + config.layers();
        String json = Files.readString(Golden.path("llama.json"));
        assertThat(config.layers()).isEqualTo(2);
        assertThat(json).contains(all);
        Path first = directory.resolve("config.json");
        Files.writeString(first, json.replace(all, "\"num_hidden_layers\": 1"));
        try (Golden golden = Golden.open("llama");
                Parameters parameters = Parameters.trained()) {
            Llama llama = Llama.encoder(parameters, LlamaConfig.read(first), LlamaInitialization.STANDARD);
            golden.fill(llama.parameters(), STORED);
            Sequences rows = new Sequences.Padded(golden.ints("lengths"));
            assertRealTokens(golden, llama.hidden(golden.ints("ids"), rows, false), "golden.block.0");
        }
    }

    /** Pooled vectors of padded rows, without their pads. */
    private static Tensor ragged(Llama llama, Tensor ids, Tensor lengths, Tensor pooling) {
        int length = ids.shape().dim(1);
        int[] padded = ids.evaluate().toInts();
        int[] real = lengths.evaluate().toInts();
        float[] weights = pooling.evaluate().toFloats();
        int count = Arrays.stream(real).sum();
        int[] tokens = new int[count];
        int[] positions = new int[count];
        int[] pooledBy = new int[count];
        float[] pooled = new float[count];
        int[] offsets = new int[real.length + 1];
        for (int b = 0; b < real.length; b++) {
            for (int t = 0; t < real[b]; t++) {
                int token = offsets[b] + t;
                tokens[token] = padded[b * length + t];
                positions[token] = t;
                pooledBy[token] = b;
                pooled[token] = weights[b * length + t];
            }
            offsets[b + 1] = offsets[b] + real[b];
        }
        return llama.pooled(
                ints(tokens),
                new Sequences.Ragged(ints(offsets), ints(positions)),
                ints(pooledBy),
                Tensor.variable("weights", TensorData.of(Shape.of(count), pooled)),
                false);
    }

    private static Tensor ints(int[] values) {
        return Tensor.variable("ints", TensorData.ofInts(Shape.of(values.length), values));
    }

    /** States at pads are meaningless on both sides. */
    private static void assertRealTokens(Golden golden, Tensor states, String name) {
        int width = states.shape().dim(2);
        int length = states.shape().dim(1);
        float[] actual = states.evaluate().toFloats();
        float[] expected = golden.file().readFloats(name);
        int[] lengths = golden.ints("lengths").evaluate().toInts();
        for (int b = 0; b < lengths.length; b++) {
            int from = b * length * width;
            int to = from + lengths[b] * width;
            Golden.assertClose(
                    Arrays.copyOfRange(actual, from, to),
                    Arrays.copyOfRange(expected, from, to),
                    name + " of row " + b);
        }
    }

    @Test
    void loraChangesNothingAtFirstAndMergesToTheSameOutput() {
        try (Parameters parameters = new Parameters(1);
                Parameters updates = new Parameters(2)) {
            Llama llama = Llama.encoder(parameters, config, LlamaInitialization.FAST);
            Tensor ids = Tensor.variable("ids", TensorData.ofInts(Shape.of(1, 3), 5, 6, 7));
            Sequences rows = new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), 3)));
            float[] base = llama.hidden(ids, rows, false).evaluate().toFloats();
            llama.attachLora(updates, LoraSettings.of(2, 4));
            assertThat(llama.loraParameters()).hasSize(2 * 7 * config.layers());
            assertThat(llama.loraParameters())
                    .extracting(Parameter::name)
                    .contains("base_model.model.layers.1.self_attn.q_proj.lora_B.weight");
            assertThat(llama.hidden(ids, rows, false).evaluate().toFloats()).isEqualTo(base);
            for (Parameter parameter : llama.loraParameters()) {
                float[] values = new float[parameter.shape().size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = 0.01f * (i % 7 - 3);
                }
                parameter.data().fill(values);
            }
            float[] updated = llama.hidden(ids, rows, false).evaluate().toFloats();
            assertThat(updated).isNotEqualTo(base);
            llama.mergeLora();
            assertThat(llama.loraParameters()).isEmpty();
            Golden.assertClose(llama.hidden(ids, rows, false).evaluate().toFloats(), updated, "merged");
        }
    }

    @Test
    void fastInitializationHasItsDeviations() {
        try (Parameters parameters = new Parameters(3)) {
            Llama llama = Llama.languageModel(parameters, LlamaConfig.miniature(256), LlamaInitialization.FAST);
            assertThat(deviation(parameters, "embed_tokens.weight")).isBetween(0.49, 0.51);
            assertThat(deviation(parameters, "layers.0.mlp.gate_proj.weight") * Math.sqrt(192))
                    .isBetween(0.98, 1.02);
            assertThat(deviation(parameters, "layers.1.mlp.down_proj.weight") * Math.sqrt(512) * 2)
                    .isBetween(0.98, 1.02);
            assertThat(deviation(parameters, "layers.1.self_attn.o_proj.weight") * Math.sqrt(192) * 2)
                    .isBetween(0.98, 1.02);
            assertThat(deviation(parameters, "lm_head.weight") * Math.sqrt(192)).isBetween(0.98, 1.02);
            assertThat(llama.parameters()).isEqualTo(parameters.all());
        }
    }

    private static double deviation(Parameters parameters, String name) {
        float[] values = parameters.get(name).data().toFloats();
        double squares = 0;
        for (float value : values) {
            squares += value * value;
        }
        return Math.sqrt(squares / values.length);
    }

    @Test
    void anEncoderHasNoLogits() {
        try (Parameters parameters = Parameters.trained()) {
            Llama llama = Llama.encoder(parameters, config, LlamaInitialization.STANDARD);
            Tensor ids = Tensor.variable("ids", TensorData.ofInts(Shape.of(1, 1), 5));
            Sequences rows = new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), 1)));
            assertThatThrownBy(() -> llama.logits(ids, rows)).hasMessageContaining("without a language head");
            assertThat(List.copyOf(llama.parameters())).noneMatch(p -> p.name().startsWith("lm_head"));
        }
    }
}
