package io.llm2clip.kernels.gpu.launch;

/**
 * A long sum in parts, so that a large device has enough work-items for few long sums: one launch sums within chunks, another over
 * them. How it is split depends on the shape alone, so results are the same on every run and every device.
 *
 * @param count chunks
 * @param length terms of a chunk, the last one's fewer
 */
record Chunks(int count, int length) {
    /** Fewer terms stay together: another launch would take longer than it saves. */
    static final int MINIMUM = 64;
    /** Work-items that keep a large device busy; more would not be faster. */
    private static final long WORK_ITEMS = 1 << 17;

    /**
     * Chunks of sums of {@code terms} terms that {@code items} work-items would take as a whole. As many as each has terms, as
     * that makes the longest chain of additions the shortest, but not more than keep a device busy.
     */
    static Chunks of(int terms, long items) {
        int wanted = (int) Math.min(Math.ceil(Math.sqrt(terms)), WORK_ITEMS / Math.max(1, items));
        if (terms < MINIMUM || wanted < 2) {
            return new Chunks(1, terms);
        }
        int length = Math.ceilDiv(terms, wanted);
        return new Chunks(Math.ceilDiv(terms, length), length);
    }

    /** Whether there is a second launch. */
    boolean several() {
        return count > 1;
    }
}
