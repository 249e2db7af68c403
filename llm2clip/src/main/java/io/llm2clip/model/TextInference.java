package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.util.Map;
import java.util.Optional;

/**
 * The configuration of a text tower that comes without one, from the shapes of its tensors. What shapes do not tell is that of the
 * published models, and where those differ, the tower is refused.
 *
 * @param stored shapes of its tensors
 * @param activation of the MLPs, if it is known from elsewhere
 */
record TextInference(StoredShapes stored, Optional<Activation> activation) {
    private static final int HEAD_SIZE = 64;
    /** The head sizes of published SigLIP towers that are not 64, by their numbers of channels. */
    private static final Map<Integer, Integer> SIGLIP_HEAD_SIZES = Map.of(1152, 72);

    ClipTextTower.Config clip() {
        return new ClipTextTower.Config(sizes("text_projection.weight", HEAD_SIZE, 1e-5f), new EndToken.LargestId());
    }

    TextTowerSizes siglip() {
        return sizes("text_model.head.weight", SIGLIP_HEAD_SIZES.getOrDefault(width(), HEAD_SIZE), 1e-6f);
    }

    private TextTowerSizes sizes(String projection, int headSize, float layerNormEpsilon) {
        int width = width();
        try {
            return new TextTowerSizes(
                    stored.size("text_model.embeddings.token_embedding.weight", 0),
                    stored.size("text_model.embeddings.position_embedding.weight", 0),
                    width,
                    stored.size("text_model.encoder.layers.0.mlp.fc1.bias", 0),
                    stored.layers("text_model.encoder.layers.%d.layer_norm1.weight"),
                    heads(width, headSize),
                    stored.size(projection, 0),
                    requireActivation(),
                    layerNormEpsilon);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(stored.source(), e.getMessage()), e);
        }
    }

    private int width() {
        return stored.size("text_model.embeddings.token_embedding.weight", 1);
    }

    private int heads(int width, int size) {
        if (width % size != 0) {
            throw stored.untold("the heads of the text tower, whose number %d channels do not tell".formatted(width));
        }
        return width / size;
    }

    private Activation requireActivation() {
        return activation.orElseThrow(
                () -> stored.untold(
                        "the activation of the text tower, QuickGELU in some models and GELU in others (an open_clip_config.json tells, too)"));
    }
}
