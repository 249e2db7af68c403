package io.llm2clip.model;

import io.llm2clip.nn.GatedMlp;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.RmsNorm;
import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.SelfAttention;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** One layer of a {@link Llama}: {@code h = x + attention(norm x)}, {@code h + mlp(norm h)}. */
record LlamaBlock(RmsNorm inputNorm, SelfAttention attention, RmsNorm postNorm, GatedMlp mlp) {

    static LlamaBlock create(Scope scope, LlamaConfig config, LlamaInitialization start) {
        return new LlamaBlock(
                norm(scope.scope("input_layernorm"), config),
                SelfAttention.create(
                        scope.scope("self_attn"),
                        config.family().attention(config),
                        start.linear(),
                        start.output(config.layers())),
                norm(scope.scope("post_attention_layernorm"), config),
                GatedMlp.create(
                        scope.scope("mlp"),
                        config.hiddenSize(),
                        config.intermediateSize(),
                        config.family().mlp(),
                        start.linear(),
                        start.output(config.layers())));
    }

    static RmsNorm norm(Scope scope, LlamaConfig config) {
        return RmsNorm.create(
                scope,
                config.hiddenSize(),
                config.rmsNormEpsilon(),
                config.family().hasZeroCenteredNorms());
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

    /** The linear layers as files of a family have them: by names within the block, each the layers that it stands for. */
    Map<String, List<Linear>> storedLinears(LlamaFamily family) {
        Map<String, Linear> own = new TreeMap<>(linears());
        Map<String, List<Linear>> stored = new TreeMap<>();
        family.fused()
                .forEach((name, members) ->
                        stored.put(name, members.stream().map(own::remove).toList()));
        own.forEach((name, linear) -> stored.put(name, List.of(linear)));
        return stored;
    }
}
