package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.checkpoint.CheckpointException;

/**
 * Sizes and constants of a {@link TextTower}.
 *
 * @param vocabularySize rows of the token embedding
 * @param window positions, the longest row
 * @param hiddenSize channels of a token
 * @param intermediateSize channels within the MLP
 * @param layers blocks
 * @param heads attention heads
 * @param projectionSize E, size of the embedding
 * @param activation of the MLP
 * @param layerNormEpsilon added to the variance
 */
public record TextTowerSizes(
        int vocabularySize,
        int window,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int projectionSize,
        Activation activation,
        float layerNormEpsilon) {

    public TextTowerSizes {
        Limit.COUNT.require("vocabularySize", vocabularySize);
        Limit.COUNT.require("window", window);
        Limit.CHANNELS.require("hiddenSize", hiddenSize);
        Limit.CHANNELS.require("intermediateSize", intermediateSize);
        Limit.LAYERS.require("layers", layers);
        Limit.CHANNELS.require("projectionSize", projectionSize);
        Limit.EPSILON.require("layerNormEpsilon", layerNormEpsilon);
        if (heads < 1 || hiddenSize % heads != 0) {
            throw new IllegalArgumentException(
                    "A text tower of %d channels and %d heads; expected a multiple, such as 512 and 8."
                            .formatted(hiddenSize, heads));
        }
    }

    /**
     * Reads what a {@code config.json} says of a text tower.
     *
     * @param config of the tower
     * @param usual what is left out there, but for the size of the embedding
     * @throws CheckpointException if it is damaged
     */
    static TextTowerSizes read(ConfigFile config, TextTowerSizes usual, int projectionSize) {
        try {
            return new TextTowerSizes(
                    config.integer("vocab_size", usual.vocabularySize),
                    config.integer("max_position_embeddings", usual.window),
                    config.integer("hidden_size", usual.hiddenSize),
                    config.integer("intermediate_size", usual.intermediateSize),
                    config.integer("num_hidden_layers", usual.layers),
                    config.integer("num_attention_heads", usual.heads),
                    projectionSize,
                    config.activation(usual.activation),
                    (float) config.number("layer_norm_eps", usual.layerNormEpsilon));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(config.file(), e.getMessage()), e);
        }
    }
}
