package io.llm2clip.tensor;

import io.llm2clip.kernels.cpu.runtime.ZeroedMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Off-heap memory that its owner frees. {@link EngineMemory} counts it. */
public final class MemoryBlock implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private final Arena arena;
    private final MemorySegment segment;
    private final long bytes;
    private boolean closed;

    private MemoryBlock(Arena arena, MemorySegment segment, long bytes) {
        this.arena = arena;
        this.segment = segment;
        this.bytes = bytes;
    }

    /**
     * Allocates zeros. Large blocks take memory of the machine as they are first touched.
     *
     * @param purpose for the message, such as "a program's inputs and outputs"
     * @throws OutOfMemoryError if there is no such memory, or {@link EngineMemory#limit} forbids it; nothing is left behind then
     */
    public static MemoryBlock allocate(long bytes, String purpose) {
        if (bytes < 0) {
            throw new IllegalArgumentException(
                    "Memory of " + bytes + " bytes for " + purpose + ", expected 0 or more; use smaller batches.");
        }
        EngineMemory.take(bytes, purpose);
        Arena arena = Arena.ofShared();
        try {
            return new MemoryBlock(arena, ZeroedMemory.allocate(arena, bytes, ALIGNMENT), bytes);
        } catch (OutOfMemoryError e) {
            giveBack(arena, bytes);
            throw EngineMemory.refused(bytes, purpose, e.getMessage());
        } catch (RuntimeException | Error e) {
            giveBack(arena, bytes);
            throw e;
        }
    }

    private static void giveBack(Arena arena, long bytes) {
        arena.close();
        EngineMemory.released(bytes);
    }

    /** All of it, for reading and writing. */
    public MemorySegment segment() {
        return segment;
    }

    /** Frees it; a second call does nothing. Nobody may be working on it by address. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            giveBack(arena, bytes);
        }
    }
}
