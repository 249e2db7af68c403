package io.llm2clip.tensor.internal.compiler;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Places buffers in one arena so that those alive at the same time do not overlap: first fit in order of creation, each at a
 * multiple of the alignment.
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

    /** Sets every buffer's offset and returns the arena's size in bytes. */
    static long place(Collection<Buffer> buffers, long alignment) {
        List<Buffer> byBirth = new ArrayList<>(buffers);
        byBirth.sort(Comparator.comparingInt((Buffer b) -> b.first));
        List<Buffer> alive = new ArrayList<>();
        long size = 0;
        for (Buffer buffer : byBirth) {
            alive.removeIf(other -> other.last < buffer.first);
            long offset = 0;
            int position = 0;
            // The living are sorted by offset, so the first gap that is large enough is the lowest.
            while (position < alive.size() && alive.get(position).offset - offset < padded(buffer, alignment)) {
                offset = Math.max(offset, alive.get(position).offset + padded(alive.get(position), alignment));
                position++;
            }
            buffer.offset = offset;
            alive.add(position, buffer);
            size = Math.max(size, offset + padded(buffer, alignment));
        }
        return size;
    }

    private static long padded(Buffer buffer, long alignment) {
        return Math.max(1, Math.ceilDiv(buffer.bytes, alignment)) * alignment;
    }
}
