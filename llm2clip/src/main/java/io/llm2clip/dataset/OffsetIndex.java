package io.llm2clip.dataset;

import java.util.function.IntFunction;

/** Where the examples of a shard begin, for the shards that were asked for last; the others are found again. */
final class OffsetIndex {
    private final IntFunction<long[]> scan;
    private final Recent<Integer, long[]> kept;

    /**
     * Keeps none so far.
     *
     * @param count offsets that are kept, of 8 bytes; where finding them again takes long, many times as many as a shuffle buffer
     * @param scan finds the offsets of a shard, the same each time
     */
    OffsetIndex(int count, IntFunction<long[]> scan) {
        this.scan = scan;
        this.kept = new Recent<>(count, offsets -> offsets.length);
    }

    /** The offset of an example. */
    long get(int shard, int index) {
        return kept.get(shard, scan::apply)[index];
    }
}
