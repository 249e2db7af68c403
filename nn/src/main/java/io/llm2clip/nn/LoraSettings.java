package io.llm2clip.nn;

/**
 * Size of low-rank updates, and how they are trained.
 *
 * @param rank of A and B
 * @param alpha updates are scaled by {@code alpha / rank}
 * @param dropout share of an update's inputs that a training step sets to 0, below 1; see {@link Dropout}
 */
public record LoraSettings(int rank, float alpha, float dropout) {
    public LoraSettings {
        Limit.RANK.require("rank", rank);
        Limit.ALPHA.require("alpha", alpha);
        Limit.DROPOUT.require("dropout", dropout);
    }

    /** Without dropout. */
    public static LoraSettings of(int rank, float alpha) {
        return new LoraSettings(rank, alpha, 0);
    }

    /** {@code alpha / rank}. */
    float scale() {
        return alpha / rank;
    }
}
