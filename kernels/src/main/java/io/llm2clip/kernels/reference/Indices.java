package io.llm2clip.kernels.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A buffer of i32 elements that must lie in a range. */
record Indices(String name, MemorySegment segment, int least, int most) {
    int get(long index) {
        int value = segment.get(ValueLayout.JAVA_INT_UNALIGNED, index * Integer.BYTES);
        if (value < least || value > most) {
            throw new IndexOutOfBoundsException(
                    name + "[" + index + "] is " + value + ", expected " + least + " to " + most + ".");
        }
        return value;
    }
}
