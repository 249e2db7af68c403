package io.llm2clip.nn;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;

/**
 * Root-mean-square normalisation over the last axis, with the parameter {@code weight}.
 *
 * @param weight {@code [size]}, ones at first
 * @param epsilon added to the mean square
 */
public record RmsNorm(Parameter weight, float epsilon) {

    public static RmsNorm create(Scope scope, int size, float epsilon) {
        return new RmsNorm(scope.create("weight", Shape.of(size), Initializer.ones()), epsilon);
    }

    /** {@code [..., size]} to the same shape. */
    public Tensor apply(Tensor x) {
        return x.rmsNorm(weight.tensor(), epsilon);
    }
}
