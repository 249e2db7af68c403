package io.llm2clip.model;

import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.checkpoint.StoredTensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** How llama.cpp's files have the weights of the models of a family. Mistral's are files of Llama. */
enum GgufArchitecture {
    LLAMA(LlamaFamily.LLAMA),
    QWEN2(LlamaFamily.QWEN2),
    GEMMA(LlamaFamily.GEMMA),
    PHI3(LlamaFamily.PHI3);

    private static final Map<String, String> LAYERS = Map.of(
            "input_layernorm", "attn_norm",
            "self_attn.q_proj", "attn_q",
            "self_attn.k_proj", "attn_k",
            "self_attn.v_proj", "attn_v",
            "self_attn.o_proj", "attn_output",
            "post_attention_layernorm", "ffn_norm",
            "mlp.gate_proj", "ffn_gate",
            "mlp.up_proj", "ffn_up",
            "mlp.down_proj", "ffn_down");

    /** What files that have several layers as one call that one. */
    private static final Map<String, String> FUSED =
            Map.of("self_attn.qkv_proj", "attn_qkv", "mlp.gate_up_proj", "ffn_up");

    private final LlamaFamily family;

    GgufArchitecture(LlamaFamily family) {
        this.family = family;
    }

    /** The architecture that a file calls {@code general.architecture}. */
    static Optional<GgufArchitecture> of(String key) {
        return Stream.of(values())
                .filter(architecture -> architecture.key().equals(key))
                .findFirst();
    }

    /** All that {@link #of} knows. */
    static String keys() {
        return Arrays.stream(values()).map(GgufArchitecture::key).collect(Collectors.joining(", "));
    }

    /** What keys of metadata begin with. */
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    LlamaFamily family() {
        return family;
    }

    StoredLayout.Found layout() {
        StoredLayout.Builder layout = StoredLayout.builder("", "")
                .renamed("embed_tokens", "token_embd")
                .renamed("norm", "output_norm")
                .renamed("lm_head", "output");
        family.fused()
                .forEach((name, members) -> layout.fused(
                        "blk.*." + FUSED.get(name),
                        members.stream().map("layers.*."::concat).toArray(String[]::new)));
        LAYERS.forEach((name, stored) -> layout.renamed("layers.*." + name, "blk.*." + stored));
        return layout.build().usual();
    }

    /** The shapes that matrices of the first block have by the sizes of a configuration. */
    SequencedMap<String, List<Long>> shapes(
            long hidden, long intermediate, long heads, long keyValueHeads, long headSize) {
        SequencedMap<String, List<Long>> shapes = new LinkedHashMap<>();
        if (family.fused().isEmpty()) {
            shapes.put("blk.0.attn_q.weight", List.of(heads * headSize, hidden));
            shapes.put("blk.0.attn_k.weight", List.of(keyValueHeads * headSize, hidden));
            shapes.put("blk.0.ffn_gate.weight", List.of(intermediate, hidden));
        } else {
            shapes.put("blk.0.attn_qkv.weight", List.of((heads + 2 * keyValueHeads) * headSize, hidden));
            shapes.put("blk.0.ffn_up.weight", List.of(2 * intermediate, hidden));
        }
        return shapes;
    }

    /** What becomes of tensors that the files have otherwise than Hugging Face, by the parameters' names. */
    Map<String, UnaryOperator<StoredTensor>> adapted(Llama llama) {
        LlamaConfig config = llama.config();
        Map<String, UnaryOperator<StoredTensor>> adapted = new HashMap<>();
        if (this == LLAMA) {
            for (int i = 0; i < config.layers(); i++) {
                String attention = "layers." + i + ".self_attn.";
                adapted.put(attention + "q_proj.weight", rows -> halvesApart(rows, config.heads()));
                adapted.put(attention + "k_proj.weight", rows -> halvesApart(rows, config.keyValueHeads()));
            }
        }
        if (family.hasZeroCenteredNorms()) {
            llama.parameters().stream()
                    .filter(parameter -> parameter.shape().rank() == 1)
                    .forEach(norm -> adapted.put(norm.name(), GgufArchitecture::zeroCentered));
        }
        return adapted;
    }

    /** Queries and keys, whose neighboring channels turn together, as Hugging Face has them; a tensor of another shape is refused for that. */
    private static StoredTensor halvesApart(StoredTensor rows, int heads) {
        boolean fits = rows.shape().size() == 2 && rows.shape().getFirst() % (2L * heads) == 0;
        return fits ? rows.deinterleaved(heads) : rows;
    }

    /** The files have what channels are multiplied by, Hugging Face how much that is more than one. */
    private static StoredTensor zeroCentered(StoredTensor gains) {
        float[] weights = gains.toFloats();
        for (int i = 0; i < weights.length; i++) {
            weights[i] -= 1;
        }
        return StoredTensor.of(
                weights, gains.shape().stream().mapToLong(Long::longValue).toArray());
    }
}
