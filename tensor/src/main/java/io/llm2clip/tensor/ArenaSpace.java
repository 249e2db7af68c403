package io.llm2clip.tensor;

import java.util.Map;
import java.util.TreeMap;

/** Free ranges of an arena of elements: first fit, neighbours joined when freed. */
final class ArenaSpace {
    /** Ranges start at multiples of so many elements, a cache line of the widest. */
    private static final long ALIGNMENT = 32;

    private final String what;
    private final long elements;
    private final TreeMap<Long, Long> free = new TreeMap<>();

    /**
     * @param what for messages: the elements' type and the device
     * @param elements size of the arena
     */
    ArenaSpace(String what, long elements) {
        this.what = what;
        this.elements = elements;
        free.put(0L, elements / ALIGNMENT * ALIGNMENT);
    }

    /**
     * Takes a range and returns its start.
     *
     * @throws TensorException if no free range is long enough
     */
    int take(long count) {
        long size = padded(count);
        for (Map.Entry<Long, Long> range : free.entrySet()) {
            if (range.getValue() >= size) {
                long start = range.getKey();
                long rest = range.getValue() - size;
                free.remove(start);
                if (rest > 0) {
                    free.put(start + size, rest);
                }
                return (int) start;
            }
        }
        throw new TensorException("The device memory for " + what + " has no room for " + count + " more elements: "
                + freeElements() + " of " + elements
                + " are free, not all in one piece; use smaller batches, or allow more memory on the device.");
    }

    /** Gives back what {@link #take} returned for so many elements. */
    void give(int start, long count) {
        long from = start;
        long size = padded(count);
        Map.Entry<Long, Long> before = free.floorEntry(from);
        if (before != null && before.getKey() + before.getValue() == from) {
            from = before.getKey();
            size += before.getValue();
            free.remove(from);
        }
        Long after = free.remove(from + size);
        free.put(from, size + (after == null ? 0 : after));
    }

    long freeElements() {
        return free.values().stream().mapToLong(Long::longValue).sum();
    }

    private static long padded(long count) {
        return Math.max(1, Math.ceilDiv(count, ALIGNMENT)) * ALIGNMENT;
    }
}
