package io.llm2clip.model;

import io.llm2clip.image.PatchLimits;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Sizes and kind of a {@link VisionTower}.
 *
 * @param architecture which tower
 * @param imageSize S, side of the square input in pixels, a multiple of the patch; SigLIP ignores what is left over. Of a NaFlex tower the
 *     side of the square that the position embeddings are of
 * @param patchSize side of a patch in pixels
 * @param hiddenSize channels of a token
 * @param intermediateSize channels within the MLP
 * @param layers blocks
 * @param heads attention heads
 * @param projectionSize E, size of the embedding; SigLIP's is its number of channels
 * @param activation of the MLP; EVA02 always has SiLU
 * @param pooling how tokens become one vector
 * @param layerNormEpsilon added to the variance
 * @param patchLimits how many patches a NaFlex tower takes of an image; empty for images of one size
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
        float layerNormEpsilon,
        Optional<PatchLimits> patchLimits) {
    /** As the image processor of SigLIP2 NaFlex does unless told otherwise. */
    static final PatchLimits NAFLEX_LIMITS = PatchLimits.of(256);

    /** The kinds of towers. */
    public enum Architecture {
        /** OpenAI's CLIP ViT, {@link ClipVit}. */
        CLIP("clip_vision_model", VisionLayout.Family.CLIP),
        /** The ViT of EVA01-CLIP-g, {@link EvaVit}: learned positions only, a plain MLP. */
        EVA01("eva01_clip_vision_model", VisionLayout.Family.EVA),
        /** The ViT of EVA01-CLIP-B: the same with a learned factor for each channel of a branch. */
        EVA01_B("eva01_b_clip_vision_model", VisionLayout.Family.EVA),
        /** The ViT of EVA02-CLIP B and L, {@link EvaVit}: rotary positions, gated MLPs, inner normalizations. */
        EVA02("eva02_clip_vision_model", VisionLayout.Family.EVA),
        /** The ViT of EVA02-CLIP-E, "bigE": as {@link #EVA01}, but each branch is normalized after it is computed. */
        EVA02_E("eva02_e_clip_vision_model", VisionLayout.Family.EVA),
        /** The ViT of SigLIP and SigLIP2 for images of one size, {@link SiglipVit}. */
        SIGLIP("siglip_vision_model", VisionLayout.Family.SIGLIP),
        /** The same for images in their own proportions: SigLIP2 NaFlex and FG-CLIP 2. */
        NAFLEX("siglip2_vision_model", VisionLayout.Family.SIGLIP);

        private final String modelType;
        private final VisionLayout.Family family;

        Architecture(String modelType, VisionLayout.Family family) {
            this.modelType = modelType;
            this.family = family;
        }

        /** As configurations call it, unless pooling is the mean. */
        String modelType() {
            return modelType;
        }
    }

    /** How tokens become one vector. */
    public enum Pooling {
        /** The class token. */
        CLASS_TOKEN,
        /** The mean over all tokens, the class token included. */
        MEAN,
        /** Attention of a learned query, SigLIP's. */
        ATTENTION
    }

    public VisionConfig {
        Limit.IMAGE_SIZE.require("imageSize", imageSize);
        Limit.CHANNELS.require("hiddenSize", hiddenSize);
        Limit.CHANNELS.require("intermediateSize", intermediateSize);
        Limit.LAYERS.require("layers", layers);
        Limit.CHANNELS.require("projectionSize", projectionSize);
        Limit.EPSILON.require("layerNormEpsilon", layerNormEpsilon);
        boolean tiles = patchSize >= 1
                && (architecture == Architecture.SIGLIP ? imageSize >= patchSize : imageSize % patchSize == 0);
        if ((architecture == Architecture.NAFLEX) != patchLimits.isPresent()) {
            throw new IllegalArgumentException(
                    "A vision tower of architecture %s with %s; expected limits of patches for NAFLEX and for no other."
                            .formatted(architecture, patchLimits));
        }
        if (heads < 1 || !tiles || hiddenSize % heads != 0) {
            throw new IllegalArgumentException(
                    "A vision tower of %d channels, %d heads and %d pixels in patches of %d; expected multiples, such as 768, 12, 224 and 16."
                            .formatted(hiddenSize, heads, imageSize, patchSize));
        }
        requirePooling(architecture, pooling);
        if (architecture == Architecture.EVA02 && activation != Activation.SILU) {
            throw new IllegalArgumentException(
                    "An EVA02 tower with activation %s; expected SILU, all it has.".formatted(activation));
        }
        if (architecture == Architecture.EVA02 && hiddenSize / heads % 4 != 0) {
            throw new IllegalArgumentException(
                    "An EVA02 tower with heads of %d channels; expected a multiple of 4 for two-dimensional rotary positions."
                            .formatted(hiddenSize / heads));
        }
        if (architecture.family == VisionLayout.Family.SIGLIP && projectionSize != hiddenSize) {
            throw new IllegalArgumentException(
                    "A SigLIP tower of %d channels and embeddings of %d; expected as many, since it has no projection."
                            .formatted(hiddenSize, projectionSize));
        }
    }

    /** A tower for images of one size. */
    public VisionConfig(
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
        this(
                architecture,
                imageSize,
                patchSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                projectionSize,
                activation,
                pooling,
                layerNormEpsilon,
                Optional.empty());
    }

    private static void requirePooling(Architecture architecture, Pooling pooling) {
        List<Pooling> possible = switch (architecture.family) {
            case CLIP -> List.of(Pooling.CLASS_TOKEN, Pooling.MEAN);
            case EVA -> List.of(Pooling.CLASS_TOKEN);
            case SIGLIP -> List.of(Pooling.ATTENTION);
        };
        if (!possible.contains(pooling)) {
            throw new IllegalArgumentException("A tower of architecture %s with pooling %s; expected %s."
                    .formatted(
                            architecture,
                            pooling,
                            possible.stream().map(Enum::name).collect(Collectors.joining(" or "))));
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

    /** EVA01-CLIP's or EVA02-CLIP-E's kind: GELU, class token, no rotary positions. */
    public static VisionConfig eva(
            Architecture architecture,
            int imageSize,
            int patchSize,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int heads,
            int projectionSize) {
        return new VisionConfig(
                architecture,
                imageSize,
                patchSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                projectionSize,
                Activation.GELU,
                Pooling.CLASS_TOKEN,
                1e-6f);
    }

    /**
     * SigLIP's kind.
     *
     * @param activation the approximation of GELU by tanh in the official models, GELU itself in timm's
     */
    public static VisionConfig siglip(
            int imageSize,
            int patchSize,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int heads,
            Activation activation) {
        return new VisionConfig(
                Architecture.SIGLIP,
                imageSize,
                patchSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                hiddenSize,
                activation,
                Pooling.ATTENTION,
                1e-6f);
    }

    /**
     * SigLIP2 NaFlex's kind, of at most 256 patches per image.
     *
     * @param gridSide patches along one side of the square that the position embeddings are of
     */
    public static VisionConfig naFlex(
            int gridSide,
            int patchSize,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int heads,
            Activation activation) {
        return new VisionConfig(
                Architecture.NAFLEX,
                Math.multiplyExact(gridSide, patchSize),
                patchSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                hiddenSize,
                activation,
                Pooling.ATTENTION,
                1e-6f,
                Optional.of(NAFLEX_LIMITS));
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
            case EVA01, EVA01_B, EVA02_E ->
                eva(
                        architecture,
                        imageSize,
                        patchSize,
                        hiddenSize,
                        4 * hiddenSize,
                        layers,
                        Math.max(1, hiddenSize / 32),
                        projectionSize);
            case SIGLIP, NAFLEX ->
                new VisionConfig(
                        architecture,
                        imageSize,
                        patchSize,
                        hiddenSize,
                        4 * hiddenSize,
                        layers,
                        Math.max(1, hiddenSize / 32),
                        projectionSize,
                        Activation.GELU_TANH,
                        Pooling.ATTENTION,
                        1e-6f,
                        architecture == Architecture.NAFLEX
                                ? Optional.of(PatchLimits.of((imageSize / patchSize) * (imageSize / patchSize)))
                                : Optional.empty());
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

    /** Tokens in front of those of the patches. */
    int classTokens() {
        return architecture.family == VisionLayout.Family.SIGLIP ? 0 : 1;
    }

    /** Patches and the class token, if there is one; of a NaFlex tower, the positions of its square. */
    public int tokens() {
        return classTokens() + gridSide() * gridSide();
    }

    /** Pixels of an input at most. */
    public long largestImage() {
        return patchLimits
                .map(limits -> (long) limits.largest() * patchSize * patchSize)
                .orElse((long) imageSize * imageSize);
    }

    VisionLayout.Family family() {
        return architecture.family;
    }

    /** The same for images of another size; of a NaFlex tower, for as many patches as a square of this size has. */
    public VisionConfig withImageSize(int size) {
        if (architecture == Architecture.NAFLEX) {
            Limit.IMAGE_SIZE.require("imageSize", size);
            int side = size / patchSize;
            if (side < 1) {
                throw new IllegalArgumentException(
                        "Images of %d pixels for patches of %d; expected at least as many.".formatted(size, patchSize));
            }
            return withPatchLimits(PatchLimits.of(side * side));
        }
        return with(size, projectionSize, activation, patchLimits);
    }

    /**
     * The same with embeddings of another size.
     *
     * @throws IllegalArgumentException if it has no projection
     */
    public VisionConfig withProjectionSize(int size) {
        return with(imageSize, size, activation, patchLimits);
    }

    /** The same NaFlex tower for images of other numbers of patches. */
    public VisionConfig withPatchLimits(PatchLimits limits) {
        return with(imageSize, projectionSize, activation, Optional.of(limits));
    }

    /** The same with another activation. */
    public VisionConfig withActivation(Activation other) {
        return with(imageSize, projectionSize, other, patchLimits);
    }

    private VisionConfig with(int size, int projection, Activation other, Optional<PatchLimits> limits) {
        return new VisionConfig(
                architecture,
                size,
                patchSize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                projection,
                other,
                pooling,
                layerNormEpsilon,
                limits);
    }

    /**
     * Reads a {@code config.json}: of a vision tower alone, of a whole CLIP, SigLIP or LLM2CLIP model, or as {@link #write} writes.
     *
     * @throws CheckpointException if it is missing, damaged, or describes another architecture
     */
    public static VisionConfig read(Path file) {
        return VisionConfigReader.read(file);
    }

    /**
     * The tower of a checkpoint that {@link VisionTower#open} opens; no weights are read.
     *
     * @throws CheckpointException if it cannot be opened
     */
    public static VisionConfig ofCheckpoint(Path path) {
        return VisionFiles.config(ModelDirectory.part(path, ModelDirectory.VISION));
    }

    /** How images are prepared for published towers of this kind. */
    public PreprocessingPreset preprocessing() {
        return switch (architecture) {
            case SIGLIP -> PreprocessingPreset.SIGLIP;
            case NAFLEX -> PreprocessingPreset.NAFLEX;
            default -> PreprocessingPreset.CLIP;
        };
    }

    /** Writes a {@code config.json}, atomically; Hugging Face transformers opens CLIP towers with a class token, and SigLIP's. */
    public void write(Path file) {
        ConfigFile.write(file, VisionConfigWriter.json(this));
    }
}
