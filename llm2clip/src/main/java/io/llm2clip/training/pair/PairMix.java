package io.llm2clip.training.pair;

import java.util.Locale;

/** Which captions of an image make pairs. */
public enum PairMix {
    /** Any two, as in the paper: a batch has pairs of all kinds from the first step on. */
    ANY,

    /** A short one and a long one, in either direction by the toss of a coin, as in the paper's first version. */
    SHORT_LONG,

    /**
     * Batches of one kind each, so that length alone tells no pair from another; two long ones until the curriculum is done. It suits small
     * models from scratch.
     */
    BY_LENGTH;

    /** As options and files have it, such as {@code short-long}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
