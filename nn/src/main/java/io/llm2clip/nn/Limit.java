package io.llm2clip.nn;

import java.util.Locale;

/**
 * The values that a number of a training recipe may take. One table for constructors, which refuse others, and for the command
 * line, which refuses them as bad usage before any work is done; NaN is refused everywhere.
 */
public enum Limit {
    /** How many of something: at least 1. */
    COUNT(1, Integer.MAX_VALUE, "at least 1", ""),
    /** How many of something that may be absent. */
    COUNT_OR_NONE(0, Integer.MAX_VALUE, "at least 0", ""),
    /** Channels of a token, of a head, of a layer's inner states, or of an embedding. */
    CHANNELS(1, 1 << 20, "from 1 to 1048576", ""),
    /** Blocks of a transformer. */
    LAYERS(1, 1000, "from 1 to 1000", ""),
    /** Base of rotary frequencies. */
    ROTARY_BASE(Math.nextUp(1f), 1e12, "above 1 and at most 1e12", ""),
    /** Examples of a batch that are told apart from each other; all pairs of them are one matrix, addressed by int. */
    CONTRASTIVE_BATCH(
            2,
            32_767,
            "from 2 to 32767",
            "an example alone has nothing to be told apart from, so its loss is 0, and more pairs do not fit one matrix"),
    /** Peak learning rate of AdamW, whose steps are about as long as the rate. */
    LEARNING_RATE(Double.MIN_VALUE, 1, "above 0 and at most 1", ""),
    /** Learning rate of one step; a schedule begins and ends at 0. */
    STEP_LEARNING_RATE(0, Float.MAX_VALUE, "finite and at least 0", ""),
    /** A factor that makes something smaller, or leaves it as it is. */
    REDUCTION(Double.MIN_VALUE, 1, "above 0 and at most 1", ""),
    /** Part of a whole. */
    SHARE(0, 1, "from 0 to 1", ""),
    /** Part of the inputs of a layer that is set to 0; of all of them nothing could be learned. */
    DROPOUT(0, Math.nextDown(1f), "at least 0 and below 1", ""),
    /** Part of a data set that is not learned from. */
    HELD_OUT(Double.MIN_VALUE, 0.5, "above 0 and at most 0.5", ""),
    /** Decoupled weight decay. */
    WEIGHT_DECAY(0, 1, "from 0 to 1", ""),
    /** Decay of a running mean; at 1 it would never change. */
    BETA(0, Math.nextDown(1f), "at least 0 and below 1", ""),
    /** What keeps a division finite. */
    EPSILON(Double.MIN_VALUE, 1, "above 0 and at most 1", ""),
    /** Norm that gradients are clipped to; infinity does not clip. */
    CLIP_NORM(Double.MIN_VALUE, Double.POSITIVE_INFINITY, "above 0", ""),
    /** Factor of cosines before a softmax, or of a learning rate. */
    SCALE(Double.MIN_VALUE, 1000, "above 0 and at most 1000", ""),
    /** Factor of cosines before a softmax that is trained. */
    SOFTMAX_SCALE(1, 100, "from 1 to 100", "every step keeps it within that, as the reference does"),
    /** Rank of a low-rank update. */
    RANK(1, 65_536, "from 1 to 65536", ""),
    /** Numerator of a low-rank update's scale. */
    ALPHA(Double.MIN_VALUE, 65_536, "above 0 and at most 65536", ""),
    /** Side of a square image in pixels. */
    IMAGE_SIZE(1, 8192, "from 1 to 8192", ""),
    /** Tokens of a byte-level tokenizer: 256 bytes and a few special ones at least. */
    VOCABULARY(260, 1_000_000, "from 260 to 1000000", "256 bytes and 4 special tokens are always among them");

    private final double least;
    private final double most;
    private final String range;
    private final String reason;

    Limit(double least, double most, String range, String reason) {
        this.least = least;
        this.most = most;
        this.range = range;
        this.reason = reason;
    }

    /**
     * Checks a value.
     *
     * @param name what the value is of, for the message
     * @throws IllegalArgumentException naming value and range, if it is outside
     */
    public void require(String name, double value) {
        // The negation also catches NaN.
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException("%s must be %s, found %s%s."
                    .formatted(name, range, text(value), reason.isEmpty() ? "" : "; " + reason));
        }
    }

    private static String text(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? String.format(Locale.ROOT, "%.0f", value)
                : Float.toString((float) value);
    }
}
