package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.IndexException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A buffer of i32 elements that must lie in a range. */
record Indices(String operation, String operand, MemorySegment segment, int least, int most) {
    int get(long index) {
        int value = segment.get(ValueLayout.JAVA_INT_UNALIGNED, index * Integer.BYTES);
        IndexException.require(operation, operand, index, value, least, most);
        return value;
    }
}
