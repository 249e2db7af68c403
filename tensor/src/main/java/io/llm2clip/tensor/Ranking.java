package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Greatest elements and where they are, by comparisons and reductions. NaN counts as greater than all numbers, as in PyTorch. */
final class Ranking {
    /** Positions are compared as f32. */
    private static final int MAX_EXTENT = 1 << 24;

    private Ranking() {}

    static Tensor argmax(String name, Tensor x, int axis) {
        return first(x, positions(name, x, axis), x.shape().axis(axis)).cast(DType.I32);
    }

    static TopK topk(Tensor x, int k, int axis) {
        int resolved = x.shape().axis(axis);
        int extent = x.shape().dim(resolved);
        if (k < 1 || k > extent) {
            throw new TensorException(
                    "topk: " + k + " of axis " + axis + " of " + x.shape() + "; expected 1 to " + extent + ".");
        }
        Shape kept = x.shape().with(resolved, 1);
        Tensor positions = positions("topk", x, axis);
        Tensor open = positions;
        List<Tensor> values = new ArrayList<>();
        List<Tensor> indices = new ArrayList<>();
        for (int i = 0; i < k; i++) {
            Tensor index = first(x, open, resolved).reshape(kept);
            Tensor taken = positions.equalTo(index);
            values.add(Tensor.where(taken, x, Tensor.scalar(0)).sum(resolved).reshape(kept));
            indices.add(index);
            open = Tensor.where(taken, infinity(), open);
        }
        return new TopK(
                Tensor.concat(resolved, values),
                Tensor.concat(resolved, indices).cast(DType.I32));
    }

    /** The numbers of the elements along an axis, in a shape that broadcasts. */
    private static Tensor positions(String name, Tensor x, int axis) {
        int resolved = x.shape().axis(axis);
        int extent = x.shape().dim(resolved);
        if (extent < 1 || extent > MAX_EXTENT) {
            throw new TensorException(name + ": axis " + axis + " of " + x.shape() + "; expected 1 to " + MAX_EXTENT
                    + " elements along it.");
        }
        int[] dims = new int[x.shape().rank()];
        Arrays.fill(dims, 1);
        dims[resolved] = extent;
        return Tensor.range(extent).reshape(dims);
    }

    /** The first position of the greatest element among those whose position is finite. */
    private static Tensor first(Tensor x, Tensor open, int axis) {
        Tensor candidates = Tensor.where(open.less(infinity()), x, infinity().negate());
        Tensor greatest = candidates.max(axis).reshape(x.shape().with(axis, 1));
        Tensor whereGreatest = Tensor.where(x.equalTo(greatest), open, infinity());
        return Tensor.where(x.equalTo(x), whereGreatest, open).min(axis);
    }

    private static Tensor infinity() {
        return Tensor.scalar(Float.POSITIVE_INFINITY);
    }
}
