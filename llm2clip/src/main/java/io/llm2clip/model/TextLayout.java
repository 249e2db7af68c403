package io.llm2clip.model;

import io.llm2clip.nn.StoredLayout;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The layouts that text towers of CLIP, SigLIP and FG-CLIP 2 are published in, told apart by the names of their tensors. */
enum TextLayout {
    /** FG-CLIP 2: {@link #SIGLIP} with another head and more positions. */
    FG_CLIP_2(
            Family.FG_CLIP_2,
            StoredLayout.builder("", "")
                    .marked(FgClip2TextTower.LONG_HEAD, "text_model.head.weight")
                    .build()),
    /** SigLIP and SigLIP2 under Hugging Face's names, those of {@link SiglipTextTower}. */
    SIGLIP(
            Family.SIGLIP,
            StoredLayout.builder("text_model.", "text_model.")
                    .marked("head.weight")
                    .build()),
    /** The same as OpenCLIP names them, which timm publishes. */
    SIGLIP_OPENCLIP(
            Family.SIGLIP,
            openAi("text_model.", "text.").marked("text_projection.bias").build()),
    /** CLIP under Hugging Face's names, those of {@link ClipTextTower}. */
    CLIP(
            Family.CLIP,
            StoredLayout.builder("text_model.", "text_model.")
                    .marked("embeddings.token_embedding.weight")
                    .build()),
    /** CLIP as OpenAI published it, and within {@code text.} as EVA-CLIP's authors and OpenCLIP do. */
    CLIP_OPENAI(Family.CLIP, openAi("", "text.", "").build());

    /** Towers of one class. */
    enum Family {
        CLIP("CLIP's"),
        SIGLIP("SigLIP's"),
        FG_CLIP_2("FG-CLIP 2's");

        private final String possessive;

        Family(String possessive) {
            this.possessive = possessive;
        }

        /** For people: whose tower it is. */
        String possessive() {
            return possessive;
        }
    }

    private final Family family;
    private final StoredLayout layout;

    TextLayout(Family family, StoredLayout layout) {
        this.family = family;
        this.layout = layout;
    }

    private static StoredLayout.Builder openAi(String parameterRoot, String... roots) {
        // Names of parameters are those within the root.
        String model = parameterRoot.isEmpty() ? "text_model." : "";
        String layers = model + "encoder.layers.*.";
        StoredLayout.Builder layout = StoredLayout.builder(parameterRoot, roots)
                .marked("token_embedding.weight", "positional_embedding", "ln_final.weight")
                .renamed(model + "embeddings.token_embedding", "token_embedding")
                .renamed(model + "embeddings.position_embedding.weight", "positional_embedding")
                .renamed(layers + "layer_norm1", "transformer.resblocks.*.ln_1")
                .fused(
                        "transformer.resblocks.*.attn.in_proj_weight",
                        layers + "self_attn.q_proj.weight",
                        layers + "self_attn.k_proj.weight",
                        layers + "self_attn.v_proj.weight")
                .fused(
                        "transformer.resblocks.*.attn.in_proj_bias",
                        layers + "self_attn.q_proj.bias",
                        layers + "self_attn.k_proj.bias",
                        layers + "self_attn.v_proj.bias")
                .renamed(layers + "self_attn.out_proj", "transformer.resblocks.*.attn.out_proj")
                .renamed(layers + "layer_norm2", "transformer.resblocks.*.ln_2")
                .renamed(layers + "mlp.fc1", "transformer.resblocks.*.mlp.c_fc")
                .renamed(layers + "mlp.fc2", "transformer.resblocks.*.mlp.c_proj")
                .renamed(model + "final_layer_norm", "ln_final");
        return parameterRoot.isEmpty()
                ? layout.transposed("text_projection.weight", "text_projection")
                : layout.renamed("head", "text_projection");
    }

    Family family() {
        return family;
    }

    /** Names and forms of the tensors. */
    StoredLayout stored() {
        return layout;
    }

    /**
     * A layout as a checkpoint has it.
     *
     * @param names where the tensors are
     */
    record Found(TextLayout layout, StoredLayout.Found names) {}

    /** The layout of the text tower among tensors, if there is one of a known layout. */
    static Optional<Found> find(Set<String> tensors) {
        return Stream.of(values())
                .flatMap(layout -> layout.layout.find(tensors).map(names -> new Found(layout, names)).stream())
                .findFirst();
    }
}
