package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.operations.Elementwise;
import java.util.ArrayList;
import java.util.List;

/**
 * The shape and strides of an elementwise operation with as few dimensions as possible: dimensions of one element are dropped,
 * and neighbours through which every input steps evenly are merged. There is at least one dimension.
 *
 * @param shape extents, outermost first
 * @param strides per input, per dimension, in elements
 */
record StridedLayout(int[] shape, long[][] strides) {

    static StridedLayout of(Elementwise op) {
        int inputs = op.sources().size();
        List<Integer> shape = new ArrayList<>();
        List<long[]> steps = new ArrayList<>(); // per dimension, per input
        for (int d = 0; d < op.shape().size(); d++) {
            int extent = op.shape().get(d);
            if (extent == 1) {
                continue;
            }
            long[] step = new long[inputs];
            boolean merges = !shape.isEmpty() && (long) shape.getLast() * extent <= Integer.MAX_VALUE;
            for (int i = 0; i < inputs; i++) {
                step[i] = op.sources().get(i).strides().get(d);
                merges = merges && steps.getLast()[i] == step[i] * extent;
            }
            if (merges) {
                shape.set(shape.size() - 1, shape.getLast() * extent);
                steps.set(steps.size() - 1, step);
            } else {
                shape.add(extent);
                steps.add(step);
            }
        }
        if (shape.isEmpty()) {
            shape.add(1);
            steps.add(new long[inputs]);
        }
        long[][] strides = new long[inputs][shape.size()];
        for (int d = 0; d < shape.size(); d++) {
            for (int i = 0; i < inputs; i++) {
                strides[i][d] = steps.get(d)[i];
            }
        }
        return new StridedLayout(shape.stream().mapToInt(Integer::intValue).toArray(), strides);
    }

    int dimensions() {
        return shape.length;
    }

    int inner() {
        return shape[shape.length - 1];
    }

    /** An input's step along the innermost dimension. */
    long innerStride(int input) {
        return strides[input][shape.length - 1];
    }

    long elements() {
        long elements = 1;
        for (int extent : shape) {
            elements *= extent;
        }
        return elements;
    }
}
