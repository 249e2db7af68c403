package io.llm2clip.model;

import io.llm2clip.nn.AttentionLayout;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Mlp;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;

/**
 * SigLIP's head: a learned query attends to all tokens; what it finds goes through a residual MLP.
 *
 * @param probe {@code [1, 1, C]}, the query before its projection
 */
record AttentionPool(
        AttentionLayout layout,
        Parameter probe,
        Linear query,
        Linear key,
        Linear value,
        Linear output,
        LayerNorm norm,
        Mlp mlp) {

    static AttentionPool create(Scope scope, VisionConfig config) {
        int width = config.hiddenSize();
        Scope attention = scope.scope("attention");
        Initializer weight = Initializer.normal(Math.pow(width, -0.5));
        return new AttentionPool(
                AttentionLayout.clip(width, config.heads()),
                scope.create("probe", Shape.of(1, 1, width), weight),
                Linear.create(attention.scope("q_proj"), width, width, true, weight),
                Linear.create(attention.scope("k_proj"), width, width, true, weight),
                Linear.create(attention.scope("v_proj"), width, width, true, weight),
                Linear.create(attention.scope("out_proj"), width, width, true, weight),
                LayerNorm.create(scope.scope("layernorm"), width, config.layerNormEpsilon()),
                Mlp.create(scope.scope("mlp"), width, config.intermediateSize(), config.activation(), weight, weight));
    }

    /** Tokens {@code [B, N, C]} to {@code [B, C]}. */
    Tensor apply(Tensor tokens) {
        int batch = tokens.shape().dim(0);
        Tensor q = queries().reshape(1, 1, layout.width()).expand(Shape.of(batch, 1, layout.width()));
        return pooled(attention(q, tokens, Patches.sequences(tokens)).reshape(batch, layout.width()));
    }

    /**
     * The tokens {@code [N, C]} of images one behind the other to {@code [B, C]}. Attention of this kind has as many queries as tokens,
     * here all the same, so that any of an image's is what it finds.
     *
     * @param firsts i32 {@code [B]}, a token of each image
     */
    Tensor apply(Tensor tokens, Sequences.Ragged images, Tensor firsts) {
        return pooled(
                attention(queries().expand(tokens.shape()), tokens, images).gather(firsts));
    }

    private Tensor queries() {
        return query.apply(probe.tensor().reshape(1, layout.width()));
    }

    private Tensor attention(Tensor queries, Tensor tokens, Sequences sequences) {
        return sequences.attention(queries, key.apply(tokens), value.apply(tokens), layout, false);
    }

    private Tensor pooled(Tensor found) {
        Tensor pooled = output.apply(found);
        return pooled.add(mlp.apply(norm.apply(pooled)));
    }
}
