package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Bounds check of i32 elements that a kernel uses as indices.
 *
 * @param what operation and operand, for messages
 * @param elements their numbers
 * @param bounds what they may be
 */
record IndexCheck(String what, List<Integer> elements, Operand.Bounds bounds) {
    IndexCheck {
        elements = List.copyOf(elements);
    }

    /** @throws IndexOutOfBoundsException if an element is out of bounds */
    void check(MemorySegment memory) {
        int least = bounds.least();
        for (int i = 0; i < elements.size(); i++) {
            int value = memory.getAtIndex(ValueLayout.JAVA_INT, elements.get(i));
            if (value < least || value > bounds.most()) {
                throw new IndexOutOfBoundsException(
                        what + "[" + i + "] is " + value + ", expected " + least + " to " + bounds.most() + ".");
            }
            least = bounds.ascending() ? value : least;
        }
    }
}
