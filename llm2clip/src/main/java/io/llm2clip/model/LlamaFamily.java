package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.AttentionLayout;
import io.llm2clip.nn.GatedMlp;
import io.llm2clip.nn.StoredLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The architectures that {@link Llama} computes, and what they differ in. */
public enum LlamaFamily {
    /** Llama 2 to 3.2. */
    LLAMA("Llama"),
    /** Mistral 7B, within its sliding window. */
    MISTRAL("Mistral"),
    /** Qwen2 and Qwen2.5. */
    QWEN2("Qwen2", Trait.INPUT_BIASES),
    /** The first Gemma. */
    GEMMA("Gemma", Trait.ZERO_CENTERED_NORMS, Trait.SCALED_EMBEDDINGS, Trait.GELU, Trait.TIED_HEAD),
    /** Phi-3 and Phi-3.5. */
    PHI3("Phi3", Trait.FUSED_INPUTS);

    private enum Trait {
        /** Queries, keys and values have biases. */
        INPUT_BIASES,
        /** Normalizations multiply by one plus their weight. */
        ZERO_CENTERED_NORMS,
        /** Embeddings are multiplied by the root of their size. */
        SCALED_EMBEDDINGS,
        /** The MLP's gate is GELU, not SiLU. */
        GELU,
        /** The language head is the embedding unless a configuration says otherwise. */
        TIED_HEAD,
        /** Files have queries, keys and values in one matrix, and so gate and up. */
        FUSED_INPUTS
    }

    private static final List<String> ATTENTION = List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");
    private static final List<String> MLP = List.of("mlp.gate_proj", "mlp.up_proj");
    private static final String FUSED_ATTENTION = "self_attn.qkv_proj";
    private static final String FUSED_MLP = "mlp.gate_up_proj";

    private final String name;
    private final Set<Trait> traits;

    LlamaFamily(String name, Trait... traits) {
        this.name = name;
        this.traits = Set.of(traits);
    }

    /** The family that a configuration calls {@code model_type}. */
    static Optional<LlamaFamily> of(String modelType) {
        return Stream.of(values())
                .filter(family -> family.modelType().equals(modelType))
                .findFirst();
    }

    /** All that {@link #of} knows. */
    static String modelTypes() {
        return Arrays.stream(values()).map(LlamaFamily::modelType).collect(Collectors.joining(", "));
    }

    /** What Hugging Face's configurations call it. */
    public String modelType() {
        return name.toLowerCase(Locale.ROOT);
    }

    /** As its authors write it. */
    String title() {
        return this == PHI3 ? "Phi-3" : name;
    }

    /** What the names of Hugging Face's classes begin with. */
    String className() {
        return name;
    }

    /** Hugging Face's class of the bare model. */
    String modelClass() {
        return name + "Model";
    }

    Activation activation() {
        return traits.contains(Trait.GELU) ? Activation.GELU_TANH : Activation.SILU;
    }

    boolean hasZeroCenteredNorms() {
        return traits.contains(Trait.ZERO_CENTERED_NORMS);
    }

    boolean scalesEmbeddings() {
        return traits.contains(Trait.SCALED_EMBEDDINGS);
    }

    boolean tiesHead() {
        return traits.contains(Trait.TIED_HEAD);
    }

    AttentionLayout attention(LlamaConfig config) {
        return traits.contains(Trait.INPUT_BIASES)
                ? AttentionLayout.qwen2(config.hiddenSize(), config.heads(), config.keyValueHeads(), config.headSize())
                : AttentionLayout.llama(config.hiddenSize(), config.heads(), config.keyValueHeads(), config.headSize());
    }

    GatedMlp.Layout mlp() {
        return GatedMlp.Layout.llama(activation());
    }

    /** The linear layers that files have as one, by its name within a block: in the order of their rows. */
    Map<String, List<String>> fused() {
        return traits.contains(Trait.FUSED_INPUTS) ? Map.of(FUSED_ATTENTION, ATTENTION, FUSED_MLP, MLP) : Map.of();
    }

    /**
     * How Hugging Face's files store parameters.
     *
     * @param prefix of the bare model: {@code "model."} within a language model, otherwise empty
     */
    StoredLayout.Found stored(String prefix) {
        StoredLayout.Builder layout = StoredLayout.builder("", "");
        fused().forEach((name, members) -> layout.fused(
                prefix + "layers.*." + name,
                members.stream().map("layers.*."::concat).toArray(String[]::new)));
        for (String part : List.of("embed_tokens", "layers", "norm")) {
            layout.renamed(part, prefix + part);
        }
        return layout.build().usual();
    }
}
