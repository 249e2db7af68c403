package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.AttentionLayout;
import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Mlp;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.SelfAttention;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** One layer of CLIP's transformers, for images and text: pre-norm attention and MLP, with biases. */
record ClipBlock(LayerNorm norm1, SelfAttention attention, LayerNorm norm2, Mlp mlp) {

    /**
     * The stack {@code layers.0 ..}, initialised as OpenAI's CLIP: standard deviation {@code width^-0.5} for queries, keys and
     * values, {@code (2 width)^-0.5} for the MLP's first layer, {@code width^-0.5 (2 layers)^-0.5} for what writes into the
     * residual stream.
     */
    static List<ClipBlock> stack(
            Scope scope, int layers, int width, int heads, int hidden, Activation activation, float epsilon) {
        Initializer attention = Initializer.normal(Math.pow(width, -0.5));
        Initializer mlp = Initializer.normal(Math.pow(2.0 * width, -0.5));
        Initializer output = Initializer.normal(Math.pow(2.0 * width * layers, -0.5));
        return IntStream.range(0, layers)
                .mapToObj(i -> scope.scope("layers").scope(i))
                .map(layer -> new ClipBlock(
                        LayerNorm.create(layer.scope("layer_norm1"), width, epsilon),
                        SelfAttention.create(
                                layer.scope("self_attn"), AttentionLayout.clip(width, heads), attention, output),
                        LayerNorm.create(layer.scope("layer_norm2"), width, epsilon),
                        Mlp.create(layer.scope("mlp"), width, hidden, activation, mlp, output)))
                .toList();
    }

    /** Of a stack for images: what enters it, and what each block gives. */
    static List<Tensor> states(List<ClipBlock> stack, Tensor first, Sequences sequences) {
        List<Tensor> states = new ArrayList<>(List.of(first));
        for (ClipBlock block : stack) {
            states.add(Blocks.apply(states.getLast(), x -> block.apply(x, sequences, false)));
        }
        return states;
    }

    Tensor apply(Tensor x, Sequences sequences, boolean causal) {
        Tensor h = x.add(attention.apply(norm1.apply(x), sequences, causal, null));
        return h.add(mlp.apply(norm2.apply(h)));
    }
}
