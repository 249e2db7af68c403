package io.llm2clip.model;

import io.llm2clip.nn.StoredLayout;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The layouts that vision towers are published in, told apart by the names of their tensors. */
public enum VisionLayout {
    /** CLIP under Hugging Face's names, those of {@link ClipVit}. */
    CLIP(
            Family.CLIP,
            StoredLayout.builder("vision_model.", "vision_model.")
                    .marked("pre_layrnorm.weight")
                    .build()),
    /** CLIP as OpenAI published it, and as OpenCLIP and LLM2CLIP train it: {@code visual.transformer.resblocks.0.attn.in_proj_weight}. */
    CLIP_OPENAI(
            Family.CLIP,
            StoredLayout.builder("", "visual.", "")
                    .marked("class_embedding", "conv1.weight", "ln_pre.weight")
                    .renamed("vision_model.embeddings.class_embedding", "class_embedding")
                    .renamed("vision_model.embeddings.patch_embedding", "conv1")
                    .renamed("vision_model.embeddings.position_embedding.weight", "positional_embedding")
                    .renamed("vision_model.pre_layrnorm", "ln_pre")
                    .renamed("vision_model.encoder.layers.*.layer_norm1", "transformer.resblocks.*.ln_1")
                    .fused(
                            "transformer.resblocks.*.attn.in_proj_weight",
                            "vision_model.encoder.layers.*.self_attn.q_proj.weight",
                            "vision_model.encoder.layers.*.self_attn.k_proj.weight",
                            "vision_model.encoder.layers.*.self_attn.v_proj.weight")
                    .fused(
                            "transformer.resblocks.*.attn.in_proj_bias",
                            "vision_model.encoder.layers.*.self_attn.q_proj.bias",
                            "vision_model.encoder.layers.*.self_attn.k_proj.bias",
                            "vision_model.encoder.layers.*.self_attn.v_proj.bias")
                    .renamed(
                            "vision_model.encoder.layers.*.self_attn.out_proj", "transformer.resblocks.*.attn.out_proj")
                    .renamed("vision_model.encoder.layers.*.layer_norm2", "transformer.resblocks.*.ln_2")
                    .renamed("vision_model.encoder.layers.*.mlp.fc1", "transformer.resblocks.*.mlp.c_fc")
                    .renamed("vision_model.encoder.layers.*.mlp.fc2", "transformer.resblocks.*.mlp.c_proj")
                    .renamed("vision_model.post_layernorm", "ln_post")
                    .transposed("visual_projection.weight", "proj")
                    .build()),
    /** SigLIP and SigLIP2 under Hugging Face's names; the head's projections are one tensor. */
    SIGLIP(
            Family.SIGLIP,
            StoredLayout.builder("vision_model.", "vision_model.")
                    .marked("head.probe")
                    .fused(
                            "head.attention.in_proj_weight",
                            "head.attention.q_proj.weight",
                            "head.attention.k_proj.weight",
                            "head.attention.v_proj.weight")
                    .fused(
                            "head.attention.in_proj_bias",
                            "head.attention.q_proj.bias",
                            "head.attention.k_proj.bias",
                            "head.attention.v_proj.bias")
                    .build()),
    /** The same as timm names them, and LLM2CLIP, which trained timm's. */
    SIGLIP_TIMM(
            Family.SIGLIP,
            StoredLayout.builder("vision_model.", "visual.trunk.", "trunk.", "visual.", "")
                    .marked("attn_pool.latent", "blocks.0.attn.qkv.weight")
                    .renamed("embeddings.patch_embedding", "patch_embed.proj")
                    .reshaped("embeddings.position_embedding.weight", "pos_embed")
                    .renamed("encoder.layers.*.layer_norm1", "blocks.*.norm1")
                    .fused(
                            "blocks.*.attn.qkv.weight",
                            "encoder.layers.*.self_attn.q_proj.weight",
                            "encoder.layers.*.self_attn.k_proj.weight",
                            "encoder.layers.*.self_attn.v_proj.weight")
                    .fused(
                            "blocks.*.attn.qkv.bias",
                            "encoder.layers.*.self_attn.q_proj.bias",
                            "encoder.layers.*.self_attn.k_proj.bias",
                            "encoder.layers.*.self_attn.v_proj.bias")
                    .renamed("encoder.layers.*.self_attn.out_proj", "blocks.*.attn.proj")
                    .renamed("encoder.layers.*.layer_norm2", "blocks.*.norm2")
                    .renamed("encoder.layers.*.mlp", "blocks.*.mlp")
                    .renamed("post_layernorm", "norm")
                    .renamed("head.probe", "attn_pool.latent")
                    .renamed("head.attention.q_proj", "attn_pool.q")
                    .fused("attn_pool.kv.weight", "head.attention.k_proj.weight", "head.attention.v_proj.weight")
                    .fused("attn_pool.kv.bias", "head.attention.k_proj.bias", "head.attention.v_proj.bias")
                    .renamed("head.attention.out_proj", "attn_pool.proj")
                    .renamed("head.layernorm", "attn_pool.norm")
                    .renamed("head.mlp", "attn_pool.mlp")
                    .build()),
    /** EVA01 and EVA02-E as EVA-CLIP's authors published them: one tensor for queries, keys and values, and no bias of keys. */
    EVA_FUSED(
            Family.EVA,
            eva().marked("blocks.0.attn.qkv.weight", "blocks.0.attn.q_bias", "cls_token")
                    .fused(
                            "blocks.*.attn.qkv.weight",
                            "blocks.*.attn.q_proj.weight",
                            "blocks.*.attn.k_proj.weight",
                            "blocks.*.attn.v_proj.weight")
                    .renamed("blocks.*.attn.q_proj.bias", "blocks.*.attn.q_bias")
                    .renamed("blocks.*.attn.v_proj.bias", "blocks.*.attn.v_bias")
                    .build()),
    /** EVA02 as EVA-CLIP's authors published it. */
    EVA_ORIGINAL(
            Family.EVA,
            eva().marked("blocks.0.attn.q_bias", "blocks.0.attn.q_proj.weight", "cls_token")
                    .renamed("blocks.*.attn.q_proj.bias", "blocks.*.attn.q_bias")
                    .renamed("blocks.*.attn.v_proj.bias", "blocks.*.attn.v_bias")
                    .build()),
    /** EVA02 as timm names it. */
    EVA_TIMM(
            Family.EVA,
            eva().marked("blocks.0.mlp.fc1_g.weight", "blocks.0.attn.q_proj.weight", "cls_token")
                    .renamed("blocks.*.attn.inner_attn_ln", "blocks.*.attn.norm")
                    .renamed("blocks.*.mlp.w1", "blocks.*.mlp.fc1_g")
                    .renamed("blocks.*.mlp.w2", "blocks.*.mlp.fc1_x")
                    .renamed("blocks.*.mlp.ffn_ln", "blocks.*.mlp.norm")
                    .renamed("blocks.*.mlp.w3", "blocks.*.mlp.fc2")
                    .build()),
    /** EVA02 in LLM2CLIP's files, and what {@link EvaVit} calls its parameters. */
    EVA(
            Family.EVA,
            eva().marked("blocks.0.attn.q_proj.bias", "blocks.0.attn.k_proj.weight", "cls_token")
                    .build());

    /** Towers of one class. */
    enum Family {
        CLIP,
        EVA,
        SIGLIP
    }

    private final Family family;
    private final StoredLayout layout;

    VisionLayout(Family family, StoredLayout layout) {
        this.family = family;
        this.layout = layout;
    }

    private static StoredLayout.Builder eva() {
        return StoredLayout.builder("visual.", "visual.", "visual.trunk.", "trunk.", "");
    }

    Family family() {
        return family;
    }

    /** Names and forms of the tensors. */
    public StoredLayout stored() {
        return layout;
    }

    /**
     * A layout as a checkpoint has it.
     *
     * @param names where the tensors are
     */
    public record Found(VisionLayout layout, StoredLayout.Found names) {}

    /** The layout of the vision tower among tensors, if there is one of a known layout. */
    public static Optional<Found> find(Set<String> tensors) {
        return Stream.of(values())
                .flatMap(layout -> layout.layout.find(tensors).map(names -> new Found(layout, names)).stream())
                .findFirst();
    }
}
