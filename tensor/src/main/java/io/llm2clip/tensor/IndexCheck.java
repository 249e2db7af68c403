package io.llm2clip.tensor;

import io.llm2clip.kernels.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What some i32 elements must lie in because a kernel takes them as indices.
 *
 * @param what operation and operand, for messages
 * @param first number of the first element
 * @param count how many elements
 * @param bounds least and most
 */
record IndexCheck(String what, int first, int count, Operand.Bounds bounds) {

    /** @throws IndexOutOfBoundsException if an element is out of bounds */
    void check(MemorySegment elements) {
        for (int i = 0; i < count; i++) {
            int value = elements.getAtIndex(ValueLayout.JAVA_INT, first + i);
            if (value < bounds.least() || value > bounds.most()) {
                throw new IndexOutOfBoundsException(what + "[" + i + "] is " + value + ", expected " + bounds.least()
                        + " to " + bounds.most() + ".");
            }
        }
    }
}
