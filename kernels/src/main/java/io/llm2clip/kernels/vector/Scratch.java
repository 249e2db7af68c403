package io.llm2clip.kernels.vector;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/** Off-heap scratch memory that lives as long as this object is reachable. */
final class Scratch {
    private final MemorySegment segment;

    Scratch(long bytes) {
        segment = Arena.ofAuto().allocate(Math.max(bytes, 1), 64);
    }

    long address() {
        return segment.address();
    }

    /** To be called after the last use of the address: raw addresses do not keep memory alive. */
    void keepAlive() {
        Reference.reachabilityFence(segment);
    }
}
