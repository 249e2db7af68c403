package io.llm2clip.nn.checkpoint;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the elements of a tensor lie that is a view: the one at index {@code i} is at {@code sum(i[d] * strides[d])}, counted
 * in elements from the first. Files of PyTorch keep views as they are, such as transposed matrices.
 *
 * @param shape dimensions, outermost first
 * @param strides as many, each at least 0
 */
record Strides(List<Long> shape, List<Long> strides) {

    /** Elements at equal distances. */
    @FunctionalInterface
    interface Run {
        /**
         * @param offset of the first
         * @param stride from each to the next
         */
        void at(long offset, long stride, long count);
    }

    Strides {
        shape = List.copyOf(shape);
        strides = List.copyOf(strides);
        if (shape.size() != strides.size() || strides.stream().anyMatch(stride -> stride < 0)) {
            throw new IllegalArgumentException(
                    "A view has a stride of at least 0 per dimension, found strides %s of shape %s."
                            .formatted(strides, shape));
        }
    }

    /** Of elements that follow each other in the order of their indices. */
    static Strides rowMajor(List<Long> shape) {
        List<Long> strides = new ArrayList<>();
        long stride = 1;
        for (long dimension : shape.reversed()) {
            strides.addFirst(stride);
            stride *= Math.max(dimension, 1);
        }
        return new Strides(shape, strides);
    }

    /** The same distances between fewer elements. */
    Strides of(List<Long> part) {
        return new Strides(part, strides);
    }

    /** The same elements with the order of dimensions reversed. */
    Strides reversed() {
        return new Strides(shape.reversed(), strides.reversed());
    }

    /** Whether the elements follow each other in the order of their indices. */
    boolean isRowMajor() {
        if (shape.contains(0L)) {
            return true;
        }
        long expected = 1;
        for (int d = shape.size() - 1; d >= 0; d--) {
            long dimension = shape.get(d);
            if (dimension > 1) {
                if (strides.get(d) != expected) {
                    return false;
                }
                expected = Math.multiplyExact(expected, dimension);
            }
        }
        return true;
    }

    /**
     * One more than the offset of the farthest element; 0 without elements.
     *
     * @throws ArithmeticException if that is 2^63 or more
     */
    long extent() {
        if (shape.contains(0L)) {
            return 0;
        }
        long farthest = 0;
        for (int d = 0; d < shape.size(); d++) {
            farthest = Math.addExact(farthest, Math.multiplyExact(shape.get(d) - 1, strides.get(d)));
        }
        return Math.addExact(farthest, 1);
    }

    /** Elements {@code first .. end-1}, in the order of their indices. */
    void forEachRun(long first, long end, Run run) {
        int inner = shape.size() - 1;
        long width = shape.isEmpty() ? 1 : shape.get(inner);
        long stride = shape.isEmpty() ? 1 : strides.get(inner);
        long at = first;
        while (at < end) {
            long column = at % width;
            long count = Math.min(width - column, end - at);
            run.at(offset(at / width) + column * stride, stride, count);
            at += count;
        }
    }

    /** Of the first element of a row, which is what lies along the last dimension. */
    private long offset(long row) {
        long offset = 0;
        for (int d = shape.size() - 2; d >= 0; d--) {
            offset += row % shape.get(d) * strides.get(d);
            row /= shape.get(d);
        }
        return offset;
    }
}
