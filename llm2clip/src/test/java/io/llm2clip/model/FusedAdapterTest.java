package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** An adapter that PEFT wrote for a Phi-3, of which one matrix updates several of our layers; see tests/reference/peft_adapters.py. */
class FusedAdapterTest {
    /** Of states after a normalization, the largest of which are about 3. */
    private static final float TOLERANCE = 3e-5f;

    private static final Path PEFT = Golden.path("peft");
    private static final JsonNode EXPECTED =
            ConfigFile.read(PEFT.resolve("expected.json")).root();

    private static float[] expected(String name) {
        List<Double> values = EXPECTED.path(name)
                .valueStream()
                .flatMap(JsonNode::valueStream)
                .map(JsonNode::asDouble)
                .toList();
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i).floatValue();
        }
        return floats;
    }

    private static Llama open(Parameters parameters, String name) {
        try (TextSource source = TextSource.open(PEFT.resolve(name), List.of())) {
            Llama llama = Llama.encoder(parameters, source.config(), LlamaInitialization.STANDARD);
            source.load(llama);
            return llama;
        }
    }

    private static float[] hidden(Llama llama) {
        int[] ids =
                EXPECTED.path("phi3Ids").valueStream().mapToInt(JsonNode::asInt).toArray();
        Tensor row = Tensor.variable("ids", TensorData.ofInts(Shape.of(1, ids.length), ids));
        Sequences whole = new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), ids.length)));
        return llama.hidden(row, whole, false).evaluate().toFloats();
    }

    @Test
    void oneMatrixUpdatesAllLayersThatItIsOf() {
        try (Parameters parameters = Parameters.frozen()) {
            assertThat(hidden(open(parameters, "phi3-base"))).containsExactly(expected("phi3-base"), within(TOLERANCE));
        }
        try (Parameters parameters = Parameters.frozen()) {
            Llama llama = open(parameters, "phi3");
            assertThat(hidden(llama)).containsExactly(expected("phi3"), within(TOLERANCE));
            Map<String, List<Linear>> layers = llama.storedLinears();
            assertThat(layers.get("layers.1.self_attn.qkv_proj"))
                    .hasSize(3)
                    .allSatisfy(layer -> assertThat(layer.updates())
                            .singleElement()
                            .satisfies(
                                    lora -> assertThat(lora.a().shape().dim(0)).isEqualTo(5)));
            assertThat(layers.get("layers.0.mlp.gate_up_proj")).hasSize(2);
        }
    }
}
