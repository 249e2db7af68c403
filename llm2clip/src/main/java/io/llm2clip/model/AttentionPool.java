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
        int width = layout.width();
        Tensor q = query.apply(probe.tensor().reshape(1, width))
                .reshape(1, 1, width)
                .expand(Shape.of(batch, 1, width));
        Sequences sequences = Patches.sequences(tokens);
        Tensor pooled = output.apply(sequences
                .attention(q, key.apply(tokens), value.apply(tokens), layout, false)
                .reshape(batch, width));
        return pooled.add(mlp.apply(norm.apply(pooled)));
    }
}
