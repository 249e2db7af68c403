package io.llm2clip.model;

import io.llm2clip.nn.AttentionLayout;
import io.llm2clip.nn.GatedMlp;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Mlp;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.SelfAttention;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One layer of an {@link EvaVit}. Its two branches are normalized before they are computed, or after.
 *
 * @param attention the first branch
 * @param mlp the second, gated or not
 * @param scale1 factors of the channels of the first branch, or null
 * @param scale2 the same of the second
 */
record EvaBlock(
        LayerNorm norm1,
        SelfAttention attention,
        @Nullable Parameter scale1,
        LayerNorm norm2,
        UnaryOperator<Tensor> mlp,
        @Nullable Parameter scale2,
        boolean normalizedAfter) {
    /** What factors of channels start at. */
    private static final float SCALE = 0.1f;

    static EvaBlock create(Scope scope, VisionConfig config, Initializer weight, int layer) {
        int width = config.hiddenSize();
        float epsilon = config.layerNormEpsilon();
        VisionConfig.Architecture architecture = config.architecture();
        Initializer output = weight.scaled(1 / Math.sqrt(2.0 * (layer + 1)));
        boolean gated = architecture == VisionConfig.Architecture.EVA02;
        boolean scaled = architecture == VisionConfig.Architecture.EVA01_B;
        return new EvaBlock(
                LayerNorm.create(scope.scope("norm1"), width, epsilon),
                SelfAttention.create(
                        scope.scope("attn"),
                        gated
                                ? AttentionLayout.eva02(width, config.heads())
                                : AttentionLayout.eva01(width, config.heads()),
                        weight,
                        output),
                scaled ? scope.create("gamma_1", Shape.of(width), Initializer.constant(SCALE)) : null,
                LayerNorm.create(scope.scope("norm2"), width, epsilon),
                mlp(scope.scope("mlp"), config, gated, weight, output),
                scaled ? scope.create("gamma_2", Shape.of(width), Initializer.constant(SCALE)) : null,
                architecture == VisionConfig.Architecture.EVA02_E);
    }

    private static UnaryOperator<Tensor> mlp(
            Scope scope, VisionConfig config, boolean gated, Initializer weight, Initializer output) {
        int width = config.hiddenSize();
        int hidden = config.intermediateSize();
        return gated
                ? GatedMlp.create(scope, width, hidden, GatedMlp.Layout.EVA02, weight, output)::apply
                : Mlp.create(scope, width, hidden, config.activation(), weight, output)::apply;
    }

    Tensor apply(Tensor x, Sequences sequences, @Nullable RotaryTable angles) {
        Tensor h = x.add(branch(norm1, scale1, x, y -> attention.apply(y, sequences, false, angles)));
        return h.add(branch(norm2, scale2, h, mlp));
    }

    private Tensor branch(LayerNorm norm, @Nullable Parameter scale, Tensor x, UnaryOperator<Tensor> function) {
        Tensor y = normalizedAfter ? norm.apply(function.apply(x)) : function.apply(norm.apply(x));
        return scale == null ? y : y.mul(scale.tensor());
    }
}
