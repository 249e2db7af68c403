package io.llm2clip.kernels.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A buffer of f32 elements. */
record Floats(MemorySegment segment) {
    float get(long index) {
        return segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
    }

    /** Rounds to the nearest f32. */
    void set(long index, double value) {
        segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES, (float) value);
    }
}
