package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import java.util.Arrays;
import java.util.List;

/** Functions of all elements along axes, of f32. Axes may count from the end. */
public sealed interface ReductionFunctions permits Tensor {

    /** Sum over all elements, of shape {@code []}. */
    default Tensor sum() {
        return flat().sum(0);
    }

    /** Sum over axes, which disappear. */
    default Tensor sum(int... axes) {
        return reduce(Reduction.SUM, axes);
    }

    /** Mean over all elements, of shape {@code []}. */
    default Tensor mean() {
        return sum().div(self().shape().size());
    }

    /** Mean over axes, which disappear. */
    default Tensor mean(int... axes) {
        int count = Arrays.stream(axes).map(self().shape()::dim).reduce(1, (a, b) -> a * b);
        return sum(axes).div(count);
    }

    /** Maximum over all elements, of shape {@code []}; as {@link #max(int...)}. */
    default Tensor max() {
        return flat().max(0);
    }

    /** Maximum over axes, which disappear; negative infinity over nothing. Equal maxima share the gradient evenly. */
    default Tensor max(int... axes) {
        return reduce(Reduction.MAX, axes);
    }

    /** Minimum over all elements, of shape {@code []}; as {@link #min(int...)}. */
    default Tensor min() {
        return flat().min(0);
    }

    /** Minimum over axes, which disappear; infinity over nothing. Equal minima share the gradient evenly. */
    default Tensor min(int... axes) {
        return self().negate().max(axes).negate();
    }

    /** Where along an axis the maximum is, as i32; the first of equals, and the first NaN if there is one. The axis disappears. */
    default Tensor argmax(int axis) {
        return Ranking.argmax("argmax", self(), axis);
    }

    /** Where along an axis the minimum is, as i32; the first of equals, and the first NaN if there is one. The axis disappears. */
    default Tensor argmin(int axis) {
        return Ranking.argmax("argmin", self().negate(), axis);
    }

    /**
     * The k greatest elements along an axis, in descending order, NaN before all others, the first of equals first. Takes k passes over the
     * elements, so it is for few of many.
     */
    default TopK topk(int k, int axis) {
        return Ranking.topk(self(), k, axis);
    }

    /** Sums of an axis's elements up to each, itself included. Each is of at most {@code log2(n) + 1} roundings. */
    default Tensor cumsum(int axis) {
        Tensor sums = self();
        int resolved = sums.shape().axis(axis);
        int extent = sums.shape().dim(resolved);
        // Each element is the sum of the last `width` ones up to it, or of all.
        for (int width = 1; width < extent; width *= 2) {
            Tensor before = sums.slice(resolved, 0, extent - width);
            Tensor after = sums.slice(resolved, width, extent);
            sums = Tensor.concat(resolved, List.of(sums.slice(resolved, 0, width), after.add(before)));
        }
        return sums;
    }

    /**
     * {@code x / max(||x||, 1e-12)} over the last axis. Rows shorter than that have no direction: no gradient flows to them, where that
     * of the quotient, 1e12 times what comes back, would outweigh all other rows.
     */
    default Tensor l2Normalize() {
        Tensor x = self();
        Tensor least = Tensor.scalar(1e-12f);
        Tensor norm = x.square().sum(-1).sqrt().reshape(x.shape().with(-1, 1));
        Tensor rows = Tensor.where(least.greater(norm), x.stopGradient(), x);
        return rows.div(norm.maximum(least));
    }

    private Tensor self() {
        return (Tensor) this;
    }

    private Tensor flat() {
        return self().reshape(self().shape().size());
    }

    private Tensor reduce(Reduction reduction, int... axes) {
        Shape shape = self().shape();
        int[] sorted = Arrays.stream(axes).map(shape::axis).distinct().sorted().toArray();
        if (sorted.length != axes.length) {
            throw new TensorException(
                    "reduce: axes " + Arrays.toString(axes) + " of " + shape + " name one axis twice.");
        }
        Tensor result = self();
        // From the last group of neighboring axes to the first, so that the numbers of the others stay valid.
        for (int end = sorted.length; end > 0; ) {
            int start = end - 1;
            while (start > 0 && sorted[start - 1] == sorted[start] - 1) {
                start--;
            }
            result = reduce(result, reduction, sorted[start], sorted[end - 1] + 1);
            end = start;
        }
        return result;
    }

    private static Tensor reduce(Tensor x, Reduction reduction, int from, int to) {
        Shape shape = x.shape();
        KernelOp op = new Reduce(reduction, shape.size(0, from), shape.size(from, to), shape.size(to, shape.rank()));
        return Tensor.kernel(op, shape.without(from, to), DType.F32, x);
    }
}
