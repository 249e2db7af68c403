package io.llm2clip.model;

import io.llm2clip.nn.Limit;
import io.llm2clip.nn.RotaryTable.LongRope;
import io.llm2clip.nn.RotaryTable.Scaling;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredType;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Sizes and constants of a {@link Llama}, as Hugging Face's {@code config.json} holds them.
 *
 * @param family the architecture
 * @param vocabularySize rows of the token embedding
 * @param hiddenSize D, channels of a token
 * @param intermediateSize channels within the MLP
 * @param layers blocks
 * @param heads query heads
 * @param keyValueHeads key/value heads, a divisor of {@code heads}
 * @param headSize channels of a head
 * @param rmsNormEpsilon added to the mean square
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling other frequencies, or null
 * @param slidingWindow how many tokens a token sees on a side, itself included; null for all
 * @param maxPositions longest sequence of the pretraining
 * @param tieWordEmbeddings whether the language head is the token embedding
 */
public record LlamaConfig(
        LlamaFamily family,
        int vocabularySize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int keyValueHeads,
        int headSize,
        float rmsNormEpsilon,
        double ropeTheta,
        @Nullable Scaling ropeScaling,
        @Nullable Integer slidingWindow,
        int maxPositions,
        boolean tieWordEmbeddings) {

    public LlamaConfig {
        Limit.COUNT.require("vocabularySize", vocabularySize);
        Limit.CHANNELS.require("hiddenSize", hiddenSize);
        Limit.CHANNELS.require("intermediateSize", intermediateSize);
        Limit.LAYERS.require("layers", layers);
        Limit.CHANNELS.require("headSize", headSize);
        Limit.CHANNELS.require("channels of all heads", (double) heads * headSize);
        Limit.EPSILON.require("rmsNormEpsilon", rmsNormEpsilon);
        Limit.ROTARY_BASE.require("ropeTheta", ropeTheta);
        Limit.COUNT.require("maxPositions", maxPositions);
        Limit.COUNT.require("slidingWindow", slidingWindow == null ? maxPositions : slidingWindow);
        if (headSize % 2 != 0 || keyValueHeads < 1 || heads % keyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "A Llama of %d heads of %d and %d key/value heads; expected an even head size and"
                                    .formatted(heads, headSize, keyValueHeads)
                            + " a multiple, such as 32 heads of 64 and 8.");
        }
    }

    /** A {@link LlamaFamily#LLAMA}. */
    public LlamaConfig(
            int vocabularySize,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int heads,
            int keyValueHeads,
            int headSize,
            float rmsNormEpsilon,
            double ropeTheta,
            @Nullable Scaling ropeScaling,
            int maxPositions,
            boolean tieWordEmbeddings) {
        this(
                LlamaFamily.LLAMA,
                vocabularySize,
                hiddenSize,
                intermediateSize,
                layers,
                heads,
                keyValueHeads,
                headSize,
                rmsNormEpsilon,
                ropeTheta,
                ropeScaling,
                null,
                maxPositions,
                tieWordEmbeddings);
    }

    /** The language model of a run from scratch in minutes: 192 channels, 2 layers, 6 heads of 32, 2 key/value heads. */
    public static LlamaConfig miniature(int vocabularySize) {
        return new LlamaConfig(vocabularySize, 192, 512, 2, 6, 2, 32, 1e-5f, 10000, null, 2048, false);
    }

    /**
     * Tokens of the longest sequence that is computed as the model was trained: of one no longer than a sliding window every token sees
     * all others, and LongRoPE turns longer ones otherwise.
     */
    public int longestSequence() {
        int window = slidingWindow == null ? Integer.MAX_VALUE : slidingWindow;
        return ropeScaling instanceof LongRope scaling ? Math.min(window, scaling.originalLength()) : window;
    }

    /** @throws IllegalArgumentException if sequences of so many tokens are too long */
    void requireLength(int tokens) {
        if (tokens > longestSequence()) {
            throw new IllegalArgumentException(
                    "Rows of %d tokens for a %s model of at most %d, since it reads longer ones by a sliding window or other rotary frequencies, which are not supported; use shorter rows."
                            .formatted(tokens, family.modelType(), longestSequence()));
        }
    }

    /**
     * Reads a {@code config.json}.
     *
     * @throws CheckpointException if it is missing, damaged, or describes another architecture
     */
    public static LlamaConfig read(Path file) {
        return LlamaConfigFile.read(file);
    }

    /** Writes a {@code config.json} that Hugging Face transformers opens, atomically, for weights in f32. */
    public void write(Path file) {
        ConfigFile.write(file, LlamaConfigFile.json(this, StoredType.F32));
    }
}
