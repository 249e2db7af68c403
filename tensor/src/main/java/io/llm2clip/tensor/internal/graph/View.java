package io.llm2clip.tensor.internal.graph;

import io.llm2clip.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A strided look at a stored node: element {@code i} lies {@code offset + sum(i[d] * strides[d])} elements into it.
 *
 * @param base the node whose elements are in memory
 * @param offset first element
 * @param shape dimensions
 * @param strides in elements, 0 for a stretched dimension
 */
public record View(Node base, int offset, Shape shape, List<Integer> strides) {

    public static View dense(Node base) {
        return new View(base, 0, base.shape, asList(base.shape.strides()));
    }

    /** Whether the elements are contiguous in row-major order. */
    public boolean dense() {
        if (shape.size() == 0) {
            return true;
        }
        int expected = 1;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            if (shape.dim(axis) != 1) {
                if (strides.get(axis) != expected) {
                    return false;
                }
                expected *= shape.dim(axis);
            }
        }
        return true;
    }

    /** Whether every index reads the same element. */
    public boolean single() {
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (shape.dim(axis) != 1 && strides.get(axis) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Whether only the last axis moves, by neighbouring elements: a bias shared by all rows. */
    public boolean row() {
        for (int axis = 0; axis < shape.rank() - 1; axis++) {
            if (shape.dim(axis) != 1 && strides.get(axis) != 0) {
                return false;
            }
        }
        return shape.rank() > 0 && (shape.dim(-1) == 1 || strides.getLast() == 1);
    }

    public View permute(List<Integer> axes) {
        return new View(
                base,
                offset,
                Shape.of(axes.stream().map(shape::dim).toList()),
                axes.stream().map(strides::get).toList());
    }

    public View expand(Shape target) {
        List<Integer> stretched = new ArrayList<>();
        for (int axis = 0; axis < target.rank(); axis++) {
            stretched.add(shape.dim(axis) == target.dim(axis) ? strides.get(axis) : 0);
        }
        return new View(base, offset, target, stretched);
    }

    public View slice(int axis, int start, Shape target) {
        // Of nothing, so that it is nowhere else than in its memory.
        int first = target.size() == 0 ? 0 : offset + start * strides.get(axis);
        return new View(base, first, target, strides);
    }

    /** The same elements under another shape, or null where that takes a copy. */
    public @Nullable View reshape(Shape target) {
        if (shape.size() == 0 || dense()) {
            return new View(base, offset, target, asList(target.strides()));
        }
        // Axes of 1 do not matter; then groups of axes with equal products are matched from the left.
        int[] oldDims = new int[shape.rank()];
        int[] oldStrides = new int[shape.rank()];
        int oldRank = 0;
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (shape.dim(axis) != 1) {
                oldDims[oldRank] = shape.dim(axis);
                oldStrides[oldRank++] = strides.get(axis);
            }
        }
        int[] newStrides = new int[target.rank()];
        Arrays.fill(newStrides, 0);
        int oldAxis = 0;
        int newAxis = 0;
        while (oldAxis < oldRank && newAxis < target.rank()) {
            int oldEnd = oldAxis + 1;
            int newEnd = newAxis + 1;
            long oldSize = oldDims[oldAxis];
            long newSize = target.dim(newAxis);
            while (oldSize != newSize) {
                if (newSize < oldSize) {
                    newSize *= target.dim(newEnd++);
                } else {
                    oldSize *= oldDims[oldEnd++];
                }
            }
            for (int i = oldAxis; i < oldEnd - 1; i++) {
                if (oldStrides[i] != oldDims[i + 1] * oldStrides[i + 1]) {
                    return null;
                }
            }
            int stride = oldStrides[oldEnd - 1];
            for (int i = newEnd - 1; i >= newAxis; i--) {
                newStrides[i] = stride;
                stride *= target.dim(i);
            }
            oldAxis = oldEnd;
            newAxis = newEnd;
        }
        return new View(base, offset, target, asList(newStrides));
    }

    private static List<Integer> asList(int[] values) {
        return Arrays.stream(values).boxed().toList();
    }
}
