package io.llm2clip.tensor.internal.compiler;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Places buffers in memory so that those alive at the same time do not overlap: first fit in order of creation, each at a multiple of
 * the alignment and none across a multiple of the size of an arena.
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
        List<Buffer> byBirth = new ArrayList<>(buffers);
        byBirth.sort(Comparator.comparingInt((Buffer b) -> b.first));
        List<Buffer> alive = new ArrayList<>();
        long size = 0;
        for (Buffer buffer : byBirth) {
            alive.removeIf(other -> other.last < buffer.first);
            if (padded(buffer, alignment) > arena) {
                throw new IllegalArgumentException(
                        "A buffer of " + buffer.bytes + " bytes does not fit into arenas of " + arena + ".");
            }
            long offset = 0;
            int position = 0;
            // The living are sorted by offset, so the first gap that is large enough is the lowest.
            while (position < alive.size() && alive.get(position).offset - offset < padded(buffer, alignment)) {
                offset = Math.max(offset, alive.get(position).offset + padded(alive.get(position), alignment));
                offset = within(arena, offset, padded(buffer, alignment));
                position++;
            }
            buffer.offset = offset;
            alive.add(position, buffer);
            size = Math.max(size, offset + padded(buffer, alignment));
        }
        return size;
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
