package io.llm2clip.model;

/** How many items to take at once, so that any number of them needs only a handful of compiled programs. */
final class Batches {
    private Batches() {}

    /** The largest power of two up to both numbers, which are positive. */
    static int next(int remaining, int most) {
        return Integer.highestOneBit(Math.min(remaining, most));
    }
}
