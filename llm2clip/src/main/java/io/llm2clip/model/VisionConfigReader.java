package io.llm2clip.model;

import io.llm2clip.image.PatchLimits;
import io.llm2clip.model.VisionConfig.Architecture;
import io.llm2clip.model.VisionConfig.Pooling;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Vision towers as {@code config.json} describes them. Files leave out what equals the defaults of Hugging Face's library. */
final class VisionConfigReader {
    /** Of whole models of FG-CLIP 2. */
    static final String FG_CLIP_2 = "fgclip2";

    /** Of CLIP towers with mean pooling, which only this program has. */
    static final String OWN = "llm2clip_vision_model";

    /** Position embeddings of a NaFlex tower, a square number. */
    static final String PATCHES = "num_patches";
    /** Patches of an image at most: one number, or as this program writes it, those that images have to choose from. */
    static final String LIMITS = "max_num_patches";

    private static final String SUPPORTED =
            "clip, clip_vision_model, siglip, siglip_vision_model, siglip2, siglip2_vision_model, fgclip2, llm2clip_vision_model or eva02_clip_vision_model";

    private VisionConfigReader() {}

    /** @throws CheckpointException if it is missing, damaged, or describes another architecture */
    static VisionConfig read(Path file) {
        ConfigFile whole = ConfigFile.read(file);
        if (family(whole).isEmpty()) {
            throw new CheckpointException(
                    "%s: expected a vision tower of model_type %s, found '%s'; use a CLIP, EVA-CLIP or SigLIP checkpoint."
                            .formatted(file, SUPPORTED, whole.string("model_type")));
        }
        return read(whole);
    }

    /** The tower of a configuration if it is of a family. */
    static Optional<VisionConfig> read(Path file, VisionLayout.Family family) {
        ConfigFile whole = ConfigFile.read(file);
        return family(whole).filter(family::equals).map(_ -> read(whole));
    }

    /** Empty if it is of another {@code model_type}, or of none. */
    private static Optional<VisionLayout.Family> family(ConfigFile whole) {
        return Optional.ofNullable(
                switch (whole.string("model_type", "")) {
                    case "clip", "clip_vision_model", OWN -> VisionLayout.Family.CLIP;
                    case "siglip",
                            "siglip_vision_model",
                            "siglip2",
                            "siglip2_vision_model",
                            FG_CLIP_2,
                            "fgclip2_vision_model" -> VisionLayout.Family.SIGLIP;
                    case "eva01_clip_vision_model",
                            "eva01_b_clip_vision_model",
                            "eva02_clip_vision_model",
                            "eva02_e_clip_vision_model" -> VisionLayout.Family.EVA;
                    case DualDirectory.MODEL_TYPE ->
                        family(whole.within(DualDirectory.VISION_CONFIG)).orElse(null);
                    default -> null;
                });
    }

    private static VisionConfig read(ConfigFile whole) {
        String type = whole.string("model_type");
        if (type.equals(DualDirectory.MODEL_TYPE)) {
            return read(whole.within(DualDirectory.VISION_CONFIG));
        }
        try {
            return switch (type) {
                case "clip" -> clip(whole, whole.within("vision_config"), Pooling.CLASS_TOKEN);
                case "clip_vision_model" -> clip(whole, whole, Pooling.CLASS_TOKEN);
                case OWN -> clip(whole, whole, whole.constant("pooling", Pooling.class));
                case "siglip" -> siglip(whole.within("vision_config"));
                case "siglip_vision_model" -> siglip(whole);
                case "siglip2" -> siglip2(whole.within("vision_config"));
                case "siglip2_vision_model" -> siglip2(whole);
                case FG_CLIP_2 -> naFlex(whole.within("vision_config")).withPatchLimits(PatchLimits.FG_CLIP_2);
                case "fgclip2_vision_model" -> naFlex(whole).withPatchLimits(PatchLimits.FG_CLIP_2);
                case "eva01_clip_vision_model" -> eva(Architecture.EVA01, whole);
                case "eva01_b_clip_vision_model" -> eva(Architecture.EVA01_B, whole);
                case "eva02_clip_vision_model" -> eva(Architecture.EVA02, whole);
                case "eva02_e_clip_vision_model" -> eva(Architecture.EVA02_E, whole);
                default -> throw new IllegalStateException(type);
            };
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(whole.file(), e.getMessage()), e);
        }
    }

    /** With the defaults of ViT-B/32. */
    private static VisionConfig clip(ConfigFile whole, ConfigFile config, Pooling pooling) {
        return new VisionConfig(
                Architecture.CLIP,
                config.integer("image_size", 224),
                config.integer("patch_size", 32),
                config.integer("hidden_size", 768),
                config.integer("intermediate_size", 3072),
                config.integer("num_hidden_layers", 12),
                config.integer("num_attention_heads", 12),
                whole.integer("projection_dim", config.integer("projection_dim", 512)),
                config.activation(Activation.QUICK_GELU),
                pooling,
                (float) config.number("layer_norm_eps", 1e-5));
    }

    private static VisionConfig siglip(ConfigFile config) {
        return siglip(
                config,
                Architecture.SIGLIP,
                config.integer("image_size", 224),
                config.integer("patch_size", 16),
                Optional.empty());
    }

    /** With the defaults of ViT-B/16. */
    private static VisionConfig siglip(
            ConfigFile config,
            Architecture architecture,
            int imageSize,
            int patchSize,
            Optional<PatchLimits> patchLimits) {
        requireHead(config);
        int width = config.integer("hidden_size", 768);
        return new VisionConfig(
                architecture,
                imageSize,
                patchSize,
                width,
                config.integer("intermediate_size", 3072),
                config.integer("num_hidden_layers", 12),
                config.integer("num_attention_heads", 12),
                width,
                config.activation(Activation.GELU_TANH),
                Pooling.ATTENTION,
                (float) config.number("layer_norm_eps", 1e-6),
                patchLimits);
    }

    private static void requireHead(ConfigFile config) {
        if (!config.truth("vision_use_head", true)) {
            throw new CheckpointException(
                    "%s: 'vision_use_head': expected a SigLIP tower with its pooling head, found one without; use a checkpoint of the whole model."
                            .formatted(config.file()));
        }
    }

    /** SigLIP2 of one resolution is published as {@code siglip}; its own type is for images in their own proportions. */
    private static VisionConfig siglip2(ConfigFile config) {
        return config.has("image_size") && !config.has(PATCHES) ? siglip(config) : naFlex(config);
    }

    private static VisionConfig naFlex(ConfigFile config) {
        int positions = config.integer(PATCHES, 256);
        int side = (int) Math.round(Math.sqrt(positions));
        if (side < 1 || side * side != positions) {
            throw config.wrong(PATCHES, "a square number, such as 256");
        }
        int patch = config.integer("patch_size", 16);
        return siglip(
                config,
                Architecture.NAFLEX,
                (int) Math.min(Integer.MAX_VALUE, (long) side * patch),
                patch,
                Optional.of(limits(config).orElse(VisionConfig.NAFLEX_LIMITS)));
    }

    /**
     * The numbers of patches that a configuration names.
     *
     * @throws CheckpointException if they are none
     */
    static Optional<PatchLimits> limits(ConfigFile config) {
        JsonNode value = config.root().path(LIMITS);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        List<JsonNode> steps = value.isArray() ? value.valueStream().toList() : List.of(value);
        if (!steps.stream().allMatch(step -> step.isIntegralNumber() && step.canConvertToInt())) {
            throw config.wrong(LIMITS, "a whole number, such as 256");
        }
        try {
            return Optional.of(
                    new PatchLimits(steps.stream().map(JsonNode::asInt).toList()));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: '%s': %s".formatted(config.file(), LIMITS, e.getMessage()), e);
        }
    }

    private static VisionConfig eva(Architecture architecture, ConfigFile config) {
        return new VisionConfig(
                architecture,
                config.integer("image_size"),
                config.integer("patch_size"),
                config.integer("hidden_size"),
                config.integer("intermediate_size"),
                config.integer("num_hidden_layers"),
                config.integer("num_attention_heads"),
                config.integer("projection_dim"),
                architecture == Architecture.EVA02 ? Activation.SILU : config.activation(Activation.GELU),
                Pooling.CLASS_TOKEN,
                (float) config.number("layer_norm_eps"));
    }
}
