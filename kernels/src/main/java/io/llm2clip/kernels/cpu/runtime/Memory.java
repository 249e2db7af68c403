package io.llm2clip.kernels.cpu.runtime;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Access to off-heap memory by raw address.
 *
 * <p>An ordinary segment keeps a bounds check for every vector load of an inner loop, which halves the speed of a matrix
 * kernel; for one segment that spans the whole address space the compiler removes them. A wrong address crashes the
 * process, so addresses come only from buffers whose size was checked against the operation's operands.
 */
public final class Memory {
    /** The whole address space; offsets are addresses. */
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Memory() {}

    /** The f32 at an address, which is a multiple of 4. */
    public static float getFloat(long address) {
        return ALL.get(ValueLayout.JAVA_FLOAT, address);
    }

    /** Stores an f32 at an address, which is a multiple of 4. */
    public static void putFloat(long address, float value) {
        ALL.set(ValueLayout.JAVA_FLOAT, address, value);
    }

    /** The i32 at an address, which is a multiple of 4. */
    public static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT, address);
    }

    /** Stores an i32 at an address, which is a multiple of 4. */
    public static void putInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT, address, value);
    }

    /** Copies bytes; the two ranges must not overlap. */
    public static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }
}
