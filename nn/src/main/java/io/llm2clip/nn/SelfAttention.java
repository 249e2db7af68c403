package io.llm2clip.nn;

import io.llm2clip.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head self-attention, with grouped key/value heads, rotary positions and an inner normalisation where the layout asks.
 *
 * @param layout sizes and names
 * @param query {@code [heads * headSize, width]}
 * @param key {@code [keyValueHeads * headSize, width]}
 * @param value {@code [keyValueHeads * headSize, width]}
 * @param output {@code [width, heads * headSize]}
 * @param innerNorm over the joined heads, or null
 */
public record SelfAttention(
        AttentionLayout layout,
        Linear query,
        Linear key,
        Linear value,
        Linear output,
        @Nullable LayerNorm innerNorm) {

    /** Biases start at zero. */
    public static SelfAttention create(
            Scope scope, AttentionLayout layout, Initializer weightInit, Initializer outputInit) {
        int width = layout.width();
        int joined = Math.multiplyExact(layout.heads(), layout.headSize());
        int keys = Math.multiplyExact(layout.keyValueHeads(), layout.headSize());
        return new SelfAttention(
                layout,
                Linear.create(scope.scope("q_proj"), width, joined, layout.bias(), weightInit),
                Linear.create(scope.scope("k_proj"), width, keys, layout.keyBias(), weightInit),
                Linear.create(scope.scope("v_proj"), width, keys, layout.bias(), weightInit),
                Linear.create(scope.scope(layout.outputName()), joined, width, layout.bias(), outputInit),
                InnerNorm.create(layout.innerNorm(), scope, joined));
    }

    /**
     * {@code [B, T, width]} to the same shape.
     *
     * @param lengths i32 {@code [B]}, how many leading positions of a sequence exist; outputs at the others are meaningless
     * @param causal whether a position sees only itself and earlier ones
     * @param positions angles of T positions, or null for none
     */
    public Tensor apply(Tensor x, Tensor lengths, boolean causal, @Nullable RotaryTable positions) {
        Tensor q = rotate(query.apply(x), layout.heads(), positions);
        Tensor k = rotate(key.apply(x), layout.keyValueHeads(), positions);
        float scale = (float) (1 / Math.sqrt(layout.headSize()));
        Tensor joined =
                Tensor.attention(q, k, value.apply(x), lengths, layout.heads(), layout.keyValueHeads(), scale, causal);
        return output.apply(innerNorm == null ? joined : innerNorm.apply(joined));
    }

    private Tensor rotate(Tensor x, int heads, @Nullable RotaryTable positions) {
        if (positions == null) {
            return x;
        }
        Tensor split = x.reshape(x.shape().dim(0), x.shape().dim(1), heads, layout.headSize());
        return positions.apply(split).reshape(x.shape());
    }
}
