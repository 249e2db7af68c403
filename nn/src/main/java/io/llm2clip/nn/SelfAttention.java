package io.llm2clip.nn;

import io.llm2clip.tensor.Tensor;
import java.util.List;
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
        int joined = layout.heads() * layout.headSize();
        int keys = layout.keyValueHeads() * layout.headSize();
        return new SelfAttention(
                layout,
                Linear.create(scope.scope("q_proj"), width, joined, layout.bias(), weightInit),
                Linear.create(scope.scope("k_proj"), width, keys, layout.keyBias(), weightInit),
                Linear.create(scope.scope("v_proj"), width, keys, layout.bias(), weightInit),
                Linear.create(scope.scope(layout.outputName()), joined, width, layout.outputBias(), outputInit),
                InnerNorm.create(layout.innerNorm(), scope, joined));
    }

    /** What queries, keys and values are computed by. */
    public List<Linear> inputs() {
        return List.of(query, key, value);
    }

    /**
     * States {@code [..., rows, width]} to the same shape.
     *
     * @param sequences how they are arranged
     * @param causal whether a token sees only itself and earlier ones
     * @param angles of the rows of one sequence, which are those of all, or of all rows of all sequences; null for none
     */
    public Tensor apply(Tensor x, Sequences sequences, boolean causal, @Nullable RotaryTable angles) {
        Tensor q = rotate(query.apply(x), layout.heads(), angles);
        Tensor k = rotate(key.apply(x), layout.keyValueHeads(), angles);
        Tensor joined = sequences.attention(q, k, value.apply(x), layout, causal);
        return output.apply(innerNorm == null ? joined : innerNorm.apply(joined));
    }

    private Tensor rotate(Tensor x, int heads, @Nullable RotaryTable angles) {
        if (angles == null) {
            return x;
        }
        return angles.apply(x.reshape(-1, angles.rows(), heads, layout.headSize()))
                .reshape(x.shape());
    }
}
