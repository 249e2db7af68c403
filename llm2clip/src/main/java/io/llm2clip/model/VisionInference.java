package io.llm2clip.model;

import io.llm2clip.image.PatchLimits;
import io.llm2clip.model.VisionConfig.Architecture;
import io.llm2clip.model.VisionConfig.Pooling;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.util.List;
import java.util.Map;

/**
 * The configuration of a vision tower that comes without one, from the shapes of its tensors. What shapes do not tell is that of the
 * published models of these shapes; where there are none, the tower is refused.
 *
 * @param layout of the checkpoint
 * @param stored shapes of its tensors
 */
record VisionInference(VisionLayout layout, StoredShapes stored) {
    private static final int HEAD_SIZE = 64;
    /** The head sizes of published towers that are not 64, by their numbers of channels. */
    private static final Map<Integer, Integer> CLIP_HEAD_SIZES = Map.of(1280, 80, 1408, 88, 1664, 104);

    private static final Map<Integer, Integer> EVA_HEAD_SIZES = Map.of(1408, 88, 1792, 112);
    private static final int SIGLIP_L_WIDTH = 1024;
    private static final int SIGLIP_SO_WIDTH = 1152;
    private static final int SIGLIP_GIANT_WIDTH = 1536;
    private static final Map<Integer, Integer> SIGLIP_HEAD_SIZES = Map.of(SIGLIP_SO_WIDTH, 72, SIGLIP_GIANT_WIDTH, 96);
    private static final int EVA01_WIDTH = 1408;
    private static final int EVA02_E_WIDTH = 1792;
    /** OpenAI's widest; wider ones of this layout are OpenCLIP's, which have GELU. */
    private static final int OPENAI_WIDTH = 1024;

    /** @throws CheckpointException if a tensor is missing or of a strange shape, or shapes alone do not tell */
    VisionConfig infer() {
        try {
            return switch (layout.family()) {
                case CLIP -> clip();
                case EVA -> eva();
                case SIGLIP -> siglip();
            };
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(stored.source(), e.getMessage()), e);
        }
    }

    private VisionConfig clip() {
        int width = width("vision_model.embeddings.patch_embedding.weight");
        int patch = patch("vision_model.embeddings.patch_embedding.weight");
        boolean quick = layout == VisionLayout.CLIP || width <= OPENAI_WIDTH;
        return new VisionConfig(
                Architecture.CLIP,
                patch * side("vision_model.embeddings.position_embedding.weight", width, 1),
                patch,
                width,
                stored.size("vision_model.encoder.layers.0.mlp.fc1.bias", 0),
                stored.layers("vision_model.encoder.layers.%d.layer_norm1.weight"),
                heads(width, CLIP_HEAD_SIZES),
                stored.size("visual_projection.weight", 0),
                quick ? Activation.QUICK_GELU : Activation.GELU,
                Pooling.CLASS_TOKEN,
                1e-5f);
    }

    private VisionConfig eva() {
        int width = width("visual.patch_embed.proj.weight");
        int patch = patch("visual.patch_embed.proj.weight");
        boolean gated = stored.has("visual.blocks.0.mlp.w1.bias");
        return new VisionConfig(
                architecture(width, gated),
                patch * side("visual.pos_embed", width, 1),
                patch,
                width,
                stored.size(gated ? "visual.blocks.0.mlp.w1.bias" : "visual.blocks.0.mlp.fc1.bias", 0),
                stored.layers("visual.blocks.%d.norm1.weight"),
                heads(width, EVA_HEAD_SIZES),
                stored.size("visual.head.weight", 0),
                gated ? Activation.SILU : Activation.GELU,
                Pooling.CLASS_TOKEN,
                1e-6f);
    }

    private Architecture architecture(int width, boolean gated) {
        if (gated) {
            return Architecture.EVA02;
        }
        if (stored.has("visual.blocks.0.gamma_1")) {
            return Architecture.EVA01_B;
        }
        return switch (width) {
            case EVA01_WIDTH -> Architecture.EVA01;
            case EVA02_E_WIDTH -> Architecture.EVA02_E;
            default ->
                throw stored.untold(
                        "whether its branches are normalized before or after they are computed, which an EVA tower of %d channels does not tell"
                                .formatted(width));
        };
    }

    private VisionConfig siglip() {
        String kernel = "vision_model.embeddings.patch_embedding.weight";
        if (layout == VisionLayout.SIGLIP && stored.shape(kernel).size() == 2) {
            return naFlex(kernel);
        }
        int width = width(kernel);
        int patch = patch(kernel);
        int side = side("vision_model.embeddings.position_embedding.weight", width, 0);
        return new VisionConfig(
                Architecture.SIGLIP,
                // The published towers for 384 pixels in patches of 14 ignore 6 of them.
                patch == 14 && side == 27 ? 384 : patch * side,
                patch,
                width,
                stored.size("vision_model.encoder.layers.0.mlp.fc1.bias", 0),
                stored.layers("vision_model.encoder.layers.%d.layer_norm1.weight"),
                heads(width, SIGLIP_HEAD_SIZES),
                width,
                layout == VisionLayout.SIGLIP_TIMM ? ofTimm(width, patch, side) : Activation.GELU_TANH,
                Pooling.ATTENTION,
                1e-6f);
    }

    /** Its patches are flattened before they are embedded. */
    private VisionConfig naFlex(String kernel) {
        int width = width(kernel);
        int patch = (int) Math.round(Math.sqrt(stored.size(kernel, 1) / 3.0));
        if (3L * patch * patch != stored.size(kernel, 1)) {
            throw stored.strange(kernel, "[channels, 3 * patch * patch]");
        }
        int hidden = stored.size("vision_model.encoder.layers.0.mlp.fc1.bias", 0);
        int layers = stored.layers("vision_model.encoder.layers.%d.layer_norm1.weight");
        int side = side("vision_model.embeddings.position_embedding.weight", width, 0);
        VisionConfig config = VisionConfig.naFlex(
                side, patch, width, hidden, layers, heads(width, SIGLIP_HEAD_SIZES), Activation.GELU_TANH);
        return stored.shapes().containsKey(stored.names().container() + FgClip2TextTower.LONG_HEAD)
                ? config.withPatchLimits(PatchLimits.FG_CLIP_2)
                : config;
    }

    /** As timm defines its models: the official tanh in some, GELU itself in most, and so in LLM2CLIP's So400m/14. */
    private static Activation ofTimm(int width, int patch, int side) {
        boolean official = patch == 32
                || width == SIGLIP_GIANT_WIDTH
                || width == SIGLIP_SO_WIDTH && patch == 16
                || width == SIGLIP_L_WIDTH && patch * side == 512;
        return official ? Activation.GELU_TANH : Activation.GELU;
    }

    private int width(String kernel) {
        return stored.size(kernel, 0);
    }

    private int patch(String kernel) {
        List<Long> shape = stored.shape(kernel);
        if (shape.size() != 4 || shape.get(1) != 3 || !shape.get(2).equals(shape.get(3))) {
            throw stored.strange(kernel, "[channels, 3, patch, patch]");
        }
        return stored.size(kernel, 2);
    }

    private int side(String positions, int width, int classTokens) {
        long elements = stored.shape(positions).stream().reduce(1L, (a, b) -> a * b);
        int side = (int) Math.round(Math.sqrt(elements / (double) width - classTokens));
        if (side < 1 || elements != (classTokens + (long) side * side) * width) {
            throw stored.strange(
                    positions,
                    "%d channels for each patch of a square grid%s"
                            .formatted(width, classTokens == 0 ? "" : " and for a class token"));
        }
        return side;
    }

    private int heads(int width, Map<Integer, Integer> published) {
        int size = published.getOrDefault(width, HEAD_SIZE);
        if (width % size != 0) {
            throw stored.untold("its heads, whose number %d channels do not tell".formatted(width));
        }
        return width / size;
    }
}
