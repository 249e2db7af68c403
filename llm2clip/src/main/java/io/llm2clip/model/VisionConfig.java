package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import tools.jackson.databind.node.ObjectNode;

/**
 * Sizes and kind of a {@link VisionTower}.
 *
 * @param architecture which tower
 * @param imageSize S, side of the square input in pixels, a multiple of the patch
 * @param patchSize side of a patch in pixels
 * @param hiddenSize channels of a token
 * @param intermediateSize channels within the MLP
 * @param layers blocks
 * @param heads attention heads
 * @param projectionSize E, size of the embedding
 * @param activation of {@link Architecture#CLIP}'s MLP; EVA02 always has SiLU
 * @param pooling how tokens become one vector
 * @param layerNormEpsilon added to the variance
 */
public record VisionConfig(
        Architecture architecture,
        int imageSize,
        int patchSize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int projectionSize,
        Activation activation,
        Pooling pooling,
        float layerNormEpsilon) {

    /** The kinds of towers. */
    public enum Architecture {
        /** OpenAI's CLIP ViT, {@link ClipVit}. */
        CLIP,
        /** The ViT of EVA02-CLIP, {@link EvaVit}. */
        EVA02
    }

    /** How tokens become one vector. */
    public enum Pooling {
        /** The class token. */
        CLASS_TOKEN,
        /** The mean over all tokens, the class token included. */
        MEAN
    }

    public VisionConfig {
        Limit.IMAGE_SIZE.require("imageSize", imageSize);
        Limit.COUNT.require("hiddenSize", hiddenSize);
        Limit.COUNT.require("layers", layers);
        Limit.COUNT.require("projectionSize", projectionSize);
        if (heads < 1 || patchSize < 1 || imageSize % patchSize != 0 || hiddenSize % heads != 0) {
            throw new IllegalArgumentException(
                    "A vision tower of %d channels, %d heads and %d pixels in patches of %d; expected multiples, such as 768, 12, 224 and 16."
                            .formatted(hiddenSize, heads, imageSize, patchSize));
        }
        if (architecture == Architecture.EVA02 && (pooling != Pooling.CLASS_TOKEN || activation != Activation.SILU)) {
            throw new IllegalArgumentException(
                    "An EVA02 tower with pooling %s and activation %s; expected CLASS_TOKEN and SILU, all it has."
                            .formatted(pooling, activation));
        }
        if (architecture == Architecture.EVA02 && hiddenSize / heads % 4 != 0) {
            throw new IllegalArgumentException(
                    "An EVA02 tower with heads of %d channels; expected a multiple of 4 for two-dimensional rotary positions."
                            .formatted(hiddenSize / heads));
        }
    }

    /** OpenAI's kind: QuickGELU, class token, MLP of four times the width, heads of 64. */
    public static VisionConfig openAi(int imageSize, int patchSize, int hiddenSize, int layers, int projectionSize) {
        return new VisionConfig(
                Architecture.CLIP,
                imageSize,
                patchSize,
                hiddenSize,
                4 * hiddenSize,
                layers,
                hiddenSize / 64,
                projectionSize,
                Activation.QUICK_GELU,
                Pooling.CLASS_TOKEN,
                1e-5f);
    }

    /** EVA02-CLIP's kind: heads of 64, MLP of {@code floor(8/3 width)}. */
    public static VisionConfig eva02(int imageSize, int patchSize, int hiddenSize, int layers, int projectionSize) {
        return new VisionConfig(
                Architecture.EVA02,
                imageSize,
                patchSize,
                hiddenSize,
                8 * hiddenSize / 3,
                layers,
                hiddenSize / 64,
                projectionSize,
                Activation.SILU,
                Pooling.CLASS_TOKEN,
                1e-6f);
    }

    /** A small tower to train from scratch: with {@link Architecture#CLIP} heads of 32 and the mean of the tokens. */
    public static VisionConfig small(
            Architecture architecture, int imageSize, int patchSize, int hiddenSize, int layers, int projectionSize) {
        return switch (architecture) {
            case CLIP ->
                new VisionConfig(
                        architecture,
                        imageSize,
                        patchSize,
                        hiddenSize,
                        4 * hiddenSize,
                        layers,
                        Math.max(1, hiddenSize / 32),
                        projectionSize,
                        Activation.GELU,
                        Pooling.MEAN,
                        1e-5f);
            case EVA02 -> eva02(imageSize, patchSize, hiddenSize, layers, projectionSize);
        };
    }

    /** The tower of a run from scratch in minutes: 64 pixels, patches of 16, 192 channels, 4 layers, 6 heads, mean, E = 128. */
    public static VisionConfig miniature() {
        return small(Architecture.CLIP, 64, 16, 192, 4, 128);
    }

    /** Patches along one side. */
    public int gridSide() {
        return imageSize / patchSize;
    }

    /** Patches and the class token. */
    public int tokens() {
        return 1 + gridSide() * gridSide();
    }

    /**
     * Reads a {@code config.json}: of CLIP's vision tower alone, of a whole CLIP or LLM2CLIP model, or as {@link #write} writes.
     *
     * @throws CheckpointException if it is missing, damaged, or describes another architecture
     */
    public static VisionConfig read(Path file) {
        ConfigFile whole = ConfigFile.read(file);
        String type = whole.string("model_type");
        ConfigFile config = type.equals("clip") ? whole.within("vision_config") : whole;
        // Published files leave out what equals the library's defaults, which are those of ViT-B/32.
        int width = config.integer("hidden_size", 768);
        int projection = whole.integer("projection_dim", config.integer("projection_dim", 512));
        return switch (type) {
            case "clip", "clip_vision_model", "llm2clip_vision_model" ->
                new VisionConfig(
                        Architecture.CLIP,
                        config.integer("image_size", 224),
                        config.integer("patch_size", 32),
                        width,
                        config.integer("intermediate_size", 3072),
                        config.integer("num_hidden_layers", 12),
                        config.integer("num_attention_heads", 12),
                        projection,
                        config.activation(),
                        type.equals("llm2clip_vision_model")
                                ? config.constant("pooling", Pooling.class)
                                : Pooling.CLASS_TOKEN,
                        (float) config.number("layer_norm_eps", 1e-5));
            case "eva02_clip_vision_model" ->
                new VisionConfig(
                        Architecture.EVA02,
                        config.integer("image_size"),
                        config.integer("patch_size"),
                        config.integer("hidden_size"),
                        config.integer("intermediate_size"),
                        config.integer("num_hidden_layers"),
                        config.integer("num_attention_heads"),
                        config.integer("projection_dim"),
                        Activation.SILU,
                        Pooling.CLASS_TOKEN,
                        (float) config.number("layer_norm_eps"));
            default ->
                throw new CheckpointException(
                        "%s: expected a vision tower of model_type clip, clip_vision_model, llm2clip_vision_model or eva02_clip_vision_model, found '%s'; use a CLIP or EVA02-CLIP checkpoint."
                                .formatted(file, type));
        };
    }

    /** Writes a {@code config.json}, atomically; Hugging Face transformers opens CLIP towers with a class token. */
    public void write(Path file) {
        ObjectNode json = ConfigFile.object()
                .put("model_type", modelType())
                .put("image_size", imageSize)
                .put("patch_size", patchSize)
                .put("num_channels", 3)
                .put("hidden_size", hiddenSize)
                .put("intermediate_size", intermediateSize)
                .put("num_hidden_layers", layers)
                .put("num_attention_heads", heads)
                .put("projection_dim", projectionSize)
                .put("hidden_act", hiddenAct())
                .put("pooling", ConfigFile.nameOf(pooling))
                .put("layer_norm_eps", Double.parseDouble(Float.toString(layerNormEpsilon)));
        if (modelType().equals("clip_vision_model")) {
            json.putArray("architectures").add("CLIPVisionModelWithProjection");
        }
        ConfigFile.write(file, json);
    }

    private String hiddenAct() {
        return switch (activation) {
            case GELU -> "gelu";
            case GELU_TANH -> "gelu_pytorch_tanh";
            case QUICK_GELU -> "quick_gelu";
            case SILU -> "silu";
        };
    }

    /** Mean pooling has a type of its own: under CLIP's, other software would read the class token without a warning. */
    private String modelType() {
        return switch (architecture) {
            case CLIP -> pooling == Pooling.CLASS_TOKEN ? "clip_vision_model" : "llm2clip_vision_model";
            case EVA02 -> "eva02_clip_vision_model";
        };
    }
}
