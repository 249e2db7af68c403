package io.llm2clip.training.pair;

import io.llm2clip.nn.Limit;

/**
 * How pairs are drawn.
 *
 * @param mix which captions of an image make pairs
 * @param curriculum share of the steps that sees only pairs of long captions, where images have two; for {@link PairMix#BY_LENGTH}
 * @param mixedShare share of batches of a short and a long caption afterwards; for {@link PairMix#BY_LENGTH}
 * @param hardNegatives whether each query without a negative of its own also sees a text of another example, of the positive's kind, even
 *     if no query of the source has one
 */
public record Pairing(PairMix mix, double curriculum, double mixedShare, boolean hardNegatives) {
    /** Any two captions, as in the paper. */
    public static final Pairing ANY = new Pairing(PairMix.ANY, 0, 0, false);

    /** What suits small models from scratch. */
    public static final Pairing BY_LENGTH = byLength(0.5);

    public Pairing {
        Limit.SHARE.require("curriculum", curriculum);
        Limit.SHARE.require("mixedShare", mixedShare);
    }

    /** Batches of one kind each. */
    public static Pairing byLength(double curriculum) {
        return new Pairing(PairMix.BY_LENGTH, curriculum, 0.3, false);
    }

    /** The same with hard negatives or without. */
    public Pairing withHardNegatives(boolean wanted) {
        return new Pairing(mix, curriculum, mixedShare, wanted);
    }
}
