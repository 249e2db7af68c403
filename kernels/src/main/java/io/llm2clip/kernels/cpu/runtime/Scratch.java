package io.llm2clip.kernels.cpu.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/** Off-heap scratch memory that lives as long as this object is reachable. */
public final class Scratch {
    private final MemorySegment segment;

    public Scratch(long bytes) {
        segment = Arena.ofAuto().allocate(Math.max(bytes, 1), 64);
    }

    public long address() {
        return segment.address();
    }

    /** To be called after the last use of the address: raw addresses do not keep memory alive. */
    public void keepAlive() {
        Reference.reachabilityFence(segment);
    }
}
