package io.llm2clip.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Dimensions of a tensor, outermost first. The empty shape is a scalar; a dimension may be 0. Without the zeros, their product is at
 * most {@link #MAX_ELEMENTS}, so that the product of any of them is an int.
 */
public final class Shape {
    /** The shape of one element. */
    public static final Shape SCALAR = Shape.of();

    /** The largest tensor. Kernels count elements by int, and by whole vectors, so they need some numbers beyond the last. */
    public static final int MAX_ELEMENTS = Integer.MAX_VALUE - 64;

    private final int[] dims;

    private Shape(int[] dims) {
        this.dims = dims;
        long size = 1;
        for (int dim : dims) {
            if (dim < 0) {
                throw new TensorException(
                        "Shape " + Arrays.toString(dims) + " has a negative dimension; expected 0 or more.");
            }
            // A zero would hide the others, whose product is the number of rows, or a stride.
            size *= Math.max(1, dim);
            if (size > MAX_ELEMENTS) {
                throw new TensorException("Shape " + Arrays.toString(dims) + " has more than " + MAX_ELEMENTS
                        + " elements; split the tensor.");
            }
        }
    }

    /** The shape with these dimensions. */
    public static Shape of(int... dims) {
        return new Shape(dims.clone());
    }

    /** The shape with these dimensions. */
    public static Shape of(List<Integer> dims) {
        return new Shape(dims.stream().mapToInt(Integer::intValue).toArray());
    }

    /**
     * A dimension that was computed.
     *
     * @param what computed it, for the message
     * @throws TensorException if it is no int
     */
    public static int dimension(String what, long dim) {
        if (dim > MAX_ELEMENTS) {
            throw new TensorException(
                    what + " has " + dim + " elements, expected at most " + MAX_ELEMENTS + "; split the tensor.");
        }
        return (int) dim;
    }

    /** Number of dimensions. */
    public int rank() {
        return dims.length;
    }

    /** Extent of a dimension; negative axes count from the end. */
    public int dim(int axis) {
        return dims[axis(axis)];
    }

    /** The axis as a number from 0, given one that may count from the end. */
    public int axis(int axis) {
        int resolved = axis < 0 ? axis + dims.length : axis;
        if (resolved < 0 || resolved >= dims.length) {
            throw new TensorException("Axis " + axis + " does not exist in shape " + this + "; expected " + -dims.length
                    + " to " + (dims.length - 1) + ".");
        }
        return resolved;
    }

    /** Number of elements. */
    public int size() {
        return size(0, dims.length);
    }

    /** Product of the dimensions {@code from .. to-1}. */
    public int size(int from, int to) {
        int size = 1;
        for (int i = from; i < to; i++) {
            size *= dims[i];
        }
        return size;
    }

    /** The dimensions as a new array. */
    public int[] dims() {
        return dims.clone();
    }

    /** The dimensions as a list. */
    public List<Integer> toList() {
        return Arrays.stream(dims).boxed().toList();
    }

    /** Row-major strides in elements. */
    public int[] strides() {
        int[] strides = new int[dims.length];
        int stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return strides;
    }

    /** The index along each dimension of an element, given its number in row-major order. */
    public int[] position(long element) {
        int[] position = new int[dims.length];
        long rest = element;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            position[axis] = (int) (rest % dims[axis]);
            rest /= dims[axis];
        }
        return position;
    }

    /** This shape with one dimension replaced. */
    public Shape with(int axis, int dim) {
        int[] copy = dims.clone();
        copy[axis(axis)] = dim;
        return new Shape(copy);
    }

    /** This shape without the axes {@code from .. to-1}. */
    public Shape without(int from, int to) {
        List<Integer> kept = new ArrayList<>(toList());
        kept.subList(from, to).clear();
        return of(kept);
    }

    /** This shape followed by more dimensions. */
    public Shape append(int... more) {
        int[] joined = Arrays.copyOf(dims, dims.length + more.length);
        System.arraycopy(more, 0, joined, dims.length, more.length);
        return new Shape(joined);
    }

    /**
     * NumPy's broadcasting rule: shapes are aligned at the end, a dimension of 1 stretches.
     *
     * @throws TensorException naming the operation and both shapes when they do not fit
     */
    public static Shape broadcast(String operation, Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        int[] out = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int x = i <= a.rank() ? a.dims[a.rank() - i] : 1;
            int y = i <= b.rank() ? b.dims[b.rank() - i] : 1;
            if (x != y && x != 1 && y != 1) {
                throw new TensorException(operation + ": shapes " + a + " and " + b + " do not broadcast, dimension "
                        + -i + " is " + x + " against " + y + "; expected equal dimensions or 1.");
            }
            out[rank - i] = x == 1 ? y : x;
        }
        return new Shape(out);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
