package io.llm2clip.tensor.internal.compiler;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Places buffers in memory so that those alive at the same time do not overlap: the largest first, each in the smallest gap that holds
 * it for all its life, at a multiple of the alignment and not across a multiple of the size of an arena. Small ones then fill what
 * large ones leave, which takes little more than what is alive at the peak.
 */
final class MemoryPlanner {
    /** A buffer's life, in steps: {@code first} writes it, {@code last} is the last to read it. */
    static final class Buffer {
        final long bytes;
        /** -1 for an input, which is there before the first step. */
        final int first;

        int last;
        long offset = -1;

        Buffer(long bytes, int first) {
            this.bytes = bytes;
            this.first = first;
            this.last = first;
        }
    }

    private MemoryPlanner() {}

    /**
     * Sets every buffer's offset and returns the size of all in bytes.
     *
     * @param arena bytes of which every buffer is in one piece; a multiple of the alignment, or {@link Long#MAX_VALUE}
     * @throws IllegalArgumentException if a buffer is larger than that
     */
    static long place(Collection<Buffer> buffers, long alignment, long arena) {
        List<Buffer> bySize = new ArrayList<>(buffers);
        // Stable: of equal ones the first to be written is the first to be placed, so a graph has one plan.
        bySize.sort(Comparator.comparingLong((Buffer b) -> b.bytes).reversed().thenComparingInt(b -> b.first));
        List<Buffer> placed = new ArrayList<>();
        long size = 0;
        for (Buffer buffer : bySize) {
            if (padded(buffer, alignment) > arena) {
                throw new IllegalArgumentException(
                        "A buffer of " + buffer.bytes + " bytes does not fit into arenas of " + arena + ".");
            }
            buffer.offset = gap(buffer, placed, alignment, arena);
            size = Math.max(size, buffer.offset + padded(buffer, alignment));
            int position = Collections.binarySearch(placed, buffer, Comparator.comparingLong((Buffer b) -> b.offset));
            placed.add(position < 0 ? -position - 1 : position, buffer);
        }
        return size;
    }

    /** Where the smallest gap starts that is large enough, among those that are alive with a buffer, or else behind them. */
    private static long gap(Buffer buffer, List<Buffer> placed, long alignment, long arena) {
        long needed = padded(buffer, alignment);
        long best = -1;
        long smallest = Long.MAX_VALUE;
        long end = 0;
        for (Buffer other : placed) {
            if (other.first <= buffer.last && buffer.first <= other.last) {
                long start = within(arena, end, needed);
                long gap = other.offset - end;
                if (other.offset - start >= needed && gap < smallest) {
                    smallest = gap;
                    best = start;
                }
                end = Math.max(end, other.offset + padded(other, alignment));
            }
        }
        return best < 0 ? within(arena, end, needed) : best;
    }

    /** The offset, or the next arena's first one if the size would not be in one arena. */
    private static long within(long arena, long offset, long size) {
        long rest = arena - offset % arena;
        return size <= rest ? offset : offset + rest;
    }

    private static long padded(Buffer buffer, long alignment) {
        return Math.max(1, Math.ceilDiv(buffer.bytes, alignment)) * alignment;
    }
}
