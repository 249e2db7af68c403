package io.llm2clip.dataset;

import java.util.function.IntFunction;

/** Where the examples of a shard begin, for the shards that were asked for last; the others are found again. */
final class OffsetIndex {
    /** Offsets that are kept: 16 MB. */
    private static final long KEPT = 2 << 20;

    private final IntFunction<long[]> scan;
    private final Recent<Integer, long[]> kept = new Recent<>(KEPT, offsets -> offsets.length);

    /** @param scan finds the offsets of a shard, the same each time */
    OffsetIndex(IntFunction<long[]> scan) {
        this.scan = scan;
    }

    /** The offset of an example. */
    long get(int shard, int index) {
        return kept.get(shard, scan::apply)[index];
    }
}
