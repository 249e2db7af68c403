package io.llm2clip.dataset;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;

/** Where the examples of a shard begin, for the shards that were asked for last; the others are found again. */
final class OffsetIndex {
    /** Offsets that are kept: 16 MB. */
    private static final long KEPT = 2 << 20;

    private final IntFunction<long[]> scan;
    private final LinkedHashMap<Integer, long[]> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long count;

    /** @param scan finds the offsets of a shard, the same each time */
    OffsetIndex(IntFunction<long[]> scan) {
        this.scan = scan;
    }

    /** The offset of an example. */
    long get(int shard, int index) {
        return of(shard)[index];
    }

    private long[] of(int shard) {
        synchronized (kept) {
            long[] offsets = kept.get(shard);
            if (offsets != null) {
                return offsets;
            }
        }
        // Not under the lock: scanning reads files. Two threads may do it at once, with the same result.
        long[] offsets = scan.apply(shard);
        synchronized (kept) {
            if (kept.put(shard, offsets) == null) {
                count += offsets.length;
            }
            var eldest = kept.entrySet().iterator();
            while (count > KEPT && kept.size() > 1) {
                Map.Entry<Integer, long[]> entry = eldest.next();
                count -= entry.getValue().length;
                eldest.remove();
            }
        }
        return offsets;
    }
}
