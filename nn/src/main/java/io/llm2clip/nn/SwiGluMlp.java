package io.llm2clip.nn;

import io.llm2clip.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The gated MLP {@code down(norm(SiLU(gate x) * (up x)))} (Shazeer 2020).
 *
 * @param gate {@code [hidden, width]}
 * @param up {@code [hidden, width]}
 * @param down {@code [width, hidden]}
 * @param innerNorm over the hidden channels, or null
 */
public record SwiGluMlp(
        Linear gate, Linear up, Linear down, @Nullable LayerNorm innerNorm) {

    /**
     * Names and optional parts.
     *
     * @param bias whether the three layers have biases
     */
    public record Layout(
            String gate,
            String up,
            String down,
            boolean bias,
            @Nullable InnerNorm innerNorm) {
        /** Llama: {@code gate_proj}, {@code up_proj}, {@code down_proj}, no bias. */
        public static final Layout LLAMA = new Layout("gate_proj", "up_proj", "down_proj", false, null);

        /** EVA02: {@code w1}, {@code w2}, {@code w3}, biases, an inner normalisation. */
        public static final Layout EVA02 = new Layout("w1", "w2", "w3", true, new InnerNorm("ffn_ln", 1e-6f));
    }

    /** Biases start at zero. */
    public static SwiGluMlp create(
            Scope scope, int width, int hidden, Layout layout, Initializer weightInit, Initializer outputInit) {
        return new SwiGluMlp(
                Linear.create(scope.scope(layout.gate()), width, hidden, layout.bias(), weightInit),
                Linear.create(scope.scope(layout.up()), width, hidden, layout.bias(), weightInit),
                Linear.create(scope.scope(layout.down()), hidden, width, layout.bias(), outputInit),
                InnerNorm.create(layout.innerNorm(), scope, hidden));
    }

    /** {@code [..., width]} to the same shape. */
    public Tensor apply(Tensor x) {
        Tensor hidden = gate.apply(x).silu().mul(up.apply(x));
        return down.apply(innerNorm == null ? hidden : innerNorm.apply(hidden));
    }
}
