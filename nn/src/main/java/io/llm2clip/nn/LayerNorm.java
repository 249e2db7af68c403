package io.llm2clip.nn;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;

/**
 * Layer normalisation over the last axis, with parameters {@code weight} and {@code bias}.
 *
 * @param weight {@code [size]}, ones at first
 * @param bias {@code [size]}, zeros at first
 * @param epsilon added to the variance
 */
public record LayerNorm(Parameter weight, Parameter bias, float epsilon) {

    public static LayerNorm create(Scope scope, int size, float epsilon) {
        return new LayerNorm(
                scope.create("weight", Shape.of(size), Initializer.ones()),
                scope.create("bias", Shape.of(size), Initializer.zeros()),
                epsilon);
    }

    /** {@code [..., size]} to the same shape. */
    public Tensor apply(Tensor x) {
        return x.layerNorm(weight.tensor(), bias.tensor(), epsilon);
    }
}
