package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Bounds check of i32 elements that a kernel uses as indices.
 *
 * @param operation the kernel, for messages
 * @param operand its operand, for messages
 * @param tensors what its operands are, for messages
 * @param elements their numbers
 * @param bounds what they may be
 */
record IndexCheck(String operation, String operand, String tensors, List<Integer> elements, Operand.Bounds bounds) {
    IndexCheck {
        elements = List.copyOf(elements);
    }

    /** The same of elements that are counted from some others on. */
    IndexCheck from(int first) {
        List<Integer> moved = elements.stream().map(element -> first + element).toList();
        return new IndexCheck(operation, operand, tensors, moved, bounds);
    }

    /** @throws IndexException if an element is out of bounds */
    void check(MemorySegment memory) {
        int least = bounds.least();
        for (int i = 0; i < elements.size(); i++) {
            int value = memory.getAtIndex(ValueLayout.JAVA_INT, elements.get(i));
            try {
                IndexException.require(operation, operand, i, value, least, bounds.most());
            } catch (IndexException e) {
                throw e.of(tensors);
            }
            least = bounds.ascending() ? value : least;
        }
    }
}
