package io.llm2clip.model;

import io.llm2clip.nn.AttentionLayout;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.RmsNorm;
import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.SelfAttention;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.SwiGluMlp;
import io.llm2clip.tensor.Tensor;
import java.util.Map;

/** One layer of a {@link Llama}: {@code h = x + attention(norm x)}, {@code h + mlp(norm h)}. */
record LlamaBlock(RmsNorm inputNorm, SelfAttention attention, RmsNorm postNorm, SwiGluMlp mlp) {

    static LlamaBlock create(Scope scope, LlamaConfig config, LlamaInitialization start) {
        AttentionLayout layout =
                AttentionLayout.llama(config.hiddenSize(), config.heads(), config.keyValueHeads(), config.headSize());
        return new LlamaBlock(
                RmsNorm.create(scope.scope("input_layernorm"), config.hiddenSize(), config.rmsNormEpsilon()),
                SelfAttention.create(scope.scope("self_attn"), layout, start.linear(), start.output(config.layers())),
                RmsNorm.create(scope.scope("post_attention_layernorm"), config.hiddenSize(), config.rmsNormEpsilon()),
                SwiGluMlp.create(
                        scope.scope("mlp"),
                        config.hiddenSize(),
                        config.intermediateSize(),
                        SwiGluMlp.Layout.LLAMA,
                        start.linear(),
                        start.output(config.layers())));
    }

    Tensor apply(Tensor x, Sequences sequences, boolean causal, RotaryTable angles) {
        Tensor h = x.add(attention.apply(inputNorm.apply(x), sequences, causal, angles));
        return h.add(mlp.apply(postNorm.apply(h)));
    }

    /** The linear layers by their names within the block. */
    Map<String, Linear> linears() {
        return Map.of(
                "self_attn.q_proj", attention.query(),
                "self_attn.k_proj", attention.key(),
                "self_attn.v_proj", attention.value(),
                "self_attn.o_proj", attention.output(),
                "mlp.gate_proj", mlp.gate(),
                "mlp.up_proj", mlp.up(),
                "mlp.down_proj", mlp.down());
    }
}
