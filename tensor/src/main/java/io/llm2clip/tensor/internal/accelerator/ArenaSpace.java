package io.llm2clip.tensor.internal.accelerator;

import java.util.Map;
import java.util.TreeMap;

/** Free ranges of an arena of elements: first fit, neighbors joined when freed. */
final class ArenaSpace {
    /** Ranges start at multiples of so many elements, a cache line of the widest. */
    private static final long ALIGNMENT = 32;

    private final long capacity;
    private final TreeMap<Long, Long> free = new TreeMap<>();

    /** @param elements size of the arena */
    ArenaSpace(long elements) {
        capacity = elements / ALIGNMENT * ALIGNMENT;
        free.put(0L, capacity);
    }

    /** Takes a range and returns its start; -1 if no free range is long enough. */
    long take(long count) {
        long size = padded(count);
        for (Map.Entry<Long, Long> range : free.entrySet()) {
            if (range.getValue() >= size) {
                long start = range.getKey();
                long rest = range.getValue() - size;
                free.remove(start);
                if (rest > 0) {
                    free.put(start + size, rest);
                }
                return start;
            }
        }
        return -1;
    }

    /** Gives back what {@link #take} returned for so many elements. */
    void give(long start, long count) {
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

    /** The longest range that an empty arena has room for. */
    long capacity() {
        return capacity;
    }

    /** The longest free range. */
    long largestPiece() {
        return free.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    long freeElements() {
        return free.values().stream().mapToLong(Long::longValue).sum();
    }

    private static long padded(long count) {
        return Math.max(1, Math.ceilDiv(count, ALIGNMENT)) * ALIGNMENT;
    }
}
