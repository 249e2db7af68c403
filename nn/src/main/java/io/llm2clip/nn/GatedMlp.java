package io.llm2clip.nn;

import io.llm2clip.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The gated MLP {@code down(norm(activation(gate x) * (up x)))} (Shazeer 2020).
 *
 * @param activation SiLU in the SwiGLU of Llama and EVA02, GELU in the GeGLU of Gemma
 *
 * @param gate {@code [hidden, width]}
 * @param up {@code [hidden, width]}
 * @param down {@code [width, hidden]}
 * @param innerNorm over the hidden channels, or null
 */
public record GatedMlp(
        Activation activation,
        Linear gate,
        Linear up,
        Linear down,
        @Nullable LayerNorm innerNorm) {

    /**
     * Names and optional parts.
     *
     * @param bias whether the three layers have biases
     */
    public record Layout(
            Activation activation,
            String gate,
            String up,
            String down,
            boolean bias,
            @Nullable InnerNorm innerNorm) {
        /** Llama: {@code gate_proj}, {@code up_proj}, {@code down_proj}, no bias. */
        public static final Layout LLAMA = llama(Activation.SILU);

        /** EVA02: {@code w1}, {@code w2}, {@code w3}, biases, an inner normalisation. */
        public static final Layout EVA02 =
                new Layout(Activation.SILU, "w1", "w2", "w3", true, new InnerNorm("ffn_ln", 1e-6f));

        /** Llama's names with another activation. */
        public static Layout llama(Activation activation) {
            return new Layout(activation, "gate_proj", "up_proj", "down_proj", false, null);
        }
    }

    /** Biases start at zero. */
    public static GatedMlp create(
            Scope scope, int width, int hidden, Layout layout, Initializer weightInit, Initializer outputInit) {
        return new GatedMlp(
                layout.activation(),
                Linear.create(scope.scope(layout.gate()), width, hidden, layout.bias(), weightInit),
                Linear.create(scope.scope(layout.up()), width, hidden, layout.bias(), weightInit),
                Linear.create(scope.scope(layout.down()), hidden, width, layout.bias(), outputInit),
                InnerNorm.create(layout.innerNorm(), scope, hidden));
    }

    /** {@code [..., width]} to the same shape. */
    public Tensor apply(Tensor x) {
        Tensor hidden = activation.apply(gate.apply(x)).mul(up.apply(x));
        return down.apply(innerNorm == null ? hidden : innerNorm.apply(hidden));
    }
}
