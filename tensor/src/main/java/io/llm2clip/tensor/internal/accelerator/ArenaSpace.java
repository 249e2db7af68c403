package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.TensorException;
import java.util.Map;
import java.util.TreeMap;

/** Free ranges of an arena of elements: first fit, neighbours joined when freed. */
final class ArenaSpace {
    /** Ranges start at multiples of so many elements, a cache line of the widest. */
    private static final long ALIGNMENT = 32;

    private final DType dtype;
    private final String device;
    private final long elements;
    private final TreeMap<Long, Long> free = new TreeMap<>();

    /**
     * @param dtype the elements' type, and so their size
     * @param device for messages
     * @param elements size of the arena
     */
    ArenaSpace(DType dtype, String device, long elements) {
        this.dtype = dtype;
        this.device = device;
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
        long largest = free.values().stream().mapToLong(Long::longValue).max().orElse(0);
        throw new TensorException("The device memory for " + dtype + " on " + device + " has no room for "
                + count * dtype.bytes() + " more bytes: " + freeElements() * dtype.bytes() + " of "
                + elements * dtype.bytes() + " are free, " + largest * dtype.bytes()
                + " of them in one piece; use smaller batches, or allow more of its memory (--device-memory).");
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
