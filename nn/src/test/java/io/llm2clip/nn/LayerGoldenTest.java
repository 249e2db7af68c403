package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import org.junit.jupiter.api.Test;

/** Outputs and gradients of every layer against PyTorch's. */
class LayerGoldenTest {
    private static final Initializer ZEROS = Initializer.zeros();

    @Test
    void layerNorm() {
        Goldens.check("layer_norm", scope -> LayerNorm.create(scope, 6, 1e-5f)::apply);
    }

    @Test
    void rmsNorm() {
        Goldens.check("rms_norm", scope -> RmsNorm.create(scope, 6, 1e-5f)::apply);
    }

    @Test
    void mlp() {
        Goldens.check("mlp_quick_gelu", scope -> Mlp.create(scope, 4, 7, Activation.QUICK_GELU, ZEROS, ZEROS)::apply);
    }

    @Test
    void swiGlu() {
        Goldens.check(
                "swiglu_llama", scope -> GatedMlp.create(scope, 4, 7, GatedMlp.Layout.LLAMA, ZEROS, ZEROS)::apply);
        Goldens.check(
                "swiglu_eva02", scope -> GatedMlp.create(scope, 4, 7, GatedMlp.Layout.EVA02, ZEROS, ZEROS)::apply);
    }

    @Test
    void lora() {
        Goldens.check("lora", scope -> {
            Linear linear = Linear.create(scope, 5, 4, true, ZEROS);
            Lora.attach(scope, linear, LoraSettings.of(2, 8));
            return linear::apply;
        });
    }

    @Test
    void attentionOfClip() {
        Goldens.check("attention_clip", scope -> {
            SelfAttention attention = SelfAttention.create(scope, AttentionLayout.clip(8, 2), ZEROS, ZEROS);
            return x -> attention.apply(x, lengths(5, 5), false, null);
        });
    }

    @Test
    void attentionOfLlama() {
        RotaryTable positions = RotaryTable.llama(5, 4, 10_000, null);
        for (boolean causal : new boolean[] {false, true}) {
            Goldens.check("attention_llama_" + (causal ? "causal" : "bidirectional"), scope -> {
                SelfAttention attention = SelfAttention.create(scope, AttentionLayout.llama(6, 4, 2, 4), ZEROS, ZEROS);
                return x -> attention.apply(x, lengths(5, 3), causal, positions);
            });
        }
    }

    @Test
    void attentionOfEva02() {
        RotaryTable positions = RotaryTable.eva02(3, 8);
        Goldens.check("attention_eva02", scope -> {
            SelfAttention attention = SelfAttention.create(scope, AttentionLayout.eva02(16, 2), ZEROS, ZEROS);
            return x -> attention.apply(x, lengths(10, 10), false, positions);
        });
    }

    private static Sequences lengths(int... lengths) {
        return new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(lengths.length), lengths)));
    }

    /** Values of the specification, section 11.2. */
    @Test
    void activations() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(6), -3, -1, -0.5f, 0.5f, 1, 3));
        check(Activation.GELU, x, -0.0040497f, -0.1586553f, -0.1542688f, 0.3457312f, 0.8413447f, 2.9959503f);
        check(Activation.GELU_TANH, x, -0.0036374f, -0.1588080f, -0.1542860f, 0.3457140f, 0.8411920f, 2.9963626f);
        check(Activation.QUICK_GELU, x, -0.0180713f, -0.1542042f, -0.1496116f, 0.3503884f, 0.8457958f, 2.9819287f);
        check(Activation.SILU, x, -0.1422776f, -0.2689414f, -0.1887703f, 0.3112297f, 0.7310586f, 2.8577224f);
    }

    private static void check(Activation activation, Tensor x, float... expected) {
        assertThat(activation.apply(x).evaluate(TestExecution.get()).toFloats())
                .as("%s", activation)
                .containsExactly(expected, within(1e-6f));
    }

    @Test
    void embeddingReadsRows() {
        try (Parameters parameters = new Parameters(3)) {
            Embedding embedding = Embedding.create(parameters.root(), 4, 2, Initializer.normal(1));
            float[] table = embedding.weight().data().toFloats();
            Tensor index = Tensor.variable("index", TensorData.ofInts(Shape.of(1, 3), 3, 0, 3));
            TensorData rows = embedding.apply(index).evaluate(TestExecution.get());
            assertThat(rows.shape()).isEqualTo(Shape.of(1, 3, 2));
            assertThat(rows.toFloats()).containsExactly(table[6], table[7], table[0], table[1], table[6], table[7]);
        }
    }
}
