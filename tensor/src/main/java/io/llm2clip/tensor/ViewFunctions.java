package io.llm2clip.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The same elements seen otherwise; nothing is copied unless a kernel needs them in order. Of any dense type. */
public sealed interface ViewFunctions permits Tensor {

    /** The same elements under another shape; one dimension may be -1, meaning the rest. */
    default Tensor reshape(int... dims) {
        int[] resolved = dims.clone();
        int unknown = -1;
        long known = 1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == -1 && unknown < 0) {
                unknown = i;
            } else {
                known *= dims[i];
            }
        }
        if (unknown >= 0 && known > 0) {
            resolved[unknown] = (int) (self().shape().size() / known);
        }
        return reshape(Shape.of(resolved));
    }

    /** The same elements under another shape of the same size. */
    default Tensor reshape(Shape target) {
        Shape shape = self().shape();
        if (target.size() != shape.size()) {
            throw new TensorException("reshape: " + shape + " has " + shape.size() + " elements, " + target + " has "
                    + target.size() + "; expected as many.");
        }
        if (target.equals(shape)) {
            return self();
        }
        Tensor source = self().operation() instanceof Operation.Reshape
                ? self().inputs().getFirst()
                : self();
        return source.shape().equals(target)
                ? source
                : new Tensor(new Operation.Reshape(), List.of(source), target, self().dtype());
    }

    /** Reorders axes: output axis i is input axis {@code axes[i]}. */
    default Tensor permute(int... axes) {
        Shape shape = self().shape();
        int[] sorted = axes.clone();
        Arrays.sort(sorted);
        if (!Arrays.equals(sorted, IntStream.range(0, shape.rank()).toArray())) {
            throw new TensorException("permute: axes " + Arrays.toString(axes) + " of shape " + shape
                    + "; expected each of 0 to " + (shape.rank() - 1) + " once.");
        }
        if (Arrays.equals(axes, sorted)) {
            return self();
        }
        int[] dims = Arrays.stream(axes).map(shape::dim).toArray();
        return new Tensor(
                new Operation.Permute(Arrays.stream(axes).boxed().toList()),
                List.of(self()),
                Shape.of(dims),
                self().dtype());
    }

    /** Exchanges two axes. */
    default Tensor transpose(int a, int b) {
        Shape shape = self().shape();
        int[] axes = IntStream.range(0, shape.rank()).toArray();
        axes[shape.axis(a)] = shape.axis(b);
        axes[shape.axis(b)] = shape.axis(a);
        return permute(axes);
    }

    /** Stretches dimensions of 1, adding leading ones first; no memory is copied. */
    default Tensor expand(Shape target) {
        Shape shape = self().shape();
        if (target.equals(shape)) {
            return self();
        }
        if (!Shape.broadcast("expand", shape, target).equals(target)) {
            throw new TensorException(
                    "expand: " + shape + " does not stretch to " + target + "; expected equal dimensions or 1.");
        }
        int[] aligned = new int[target.rank()];
        Arrays.fill(aligned, 1);
        System.arraycopy(shape.dims(), 0, aligned, target.rank() - shape.rank(), shape.rank());
        Tensor source = reshape(aligned);
        return source.shape().equals(target)
                ? source
                : new Tensor(new Operation.Expand(), List.of(source), target, self().dtype());
    }

    /** Elements {@code start .. end-1} of an axis. */
    default Tensor slice(int axis, int start, int end) {
        Shape shape = self().shape();
        int resolved = shape.axis(axis);
        if (start < 0 || end < start || end > shape.dim(resolved)) {
            throw new TensorException("slice: " + start + " to " + end + " of axis " + axis + " of " + shape
                    + "; expected 0 <= start <= end <= " + shape.dim(resolved) + ".");
        }
        if (end - start == shape.dim(resolved)) {
            return self();
        }
        return new Tensor(
                new Operation.Slice(resolved, start),
                List.of(self()),
                shape.with(resolved, end - start),
                self().dtype());
    }

    /** The same value, through which no gradient flows. */
    default Tensor stopGradient() {
        return new Tensor(new Operation.StopGradient(), List.of(self()), self().shape(), self().dtype());
    }

    private Tensor self() {
        return (Tensor) this;
    }
}
