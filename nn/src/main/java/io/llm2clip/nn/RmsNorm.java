package io.llm2clip.nn;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;

/**
 * Root-mean-square normalisation over the last axis, with the parameter {@code weight}.
 *
 * @param weight {@code [size]}
 * @param epsilon added to the mean square
 * @param zeroCentered whether channels are multiplied by {@code 1 + weight}, which starts at zero, or by {@code weight}, at one
 */
public record RmsNorm(Parameter weight, float epsilon, boolean zeroCentered) {

    /** One that multiplies by its weight. */
    public static RmsNorm create(Scope scope, int size, float epsilon) {
        return create(scope, size, epsilon, false);
    }

    public static RmsNorm create(Scope scope, int size, float epsilon, boolean zeroCentered) {
        Initializer init = zeroCentered ? Initializer.zeros() : Initializer.ones();
        return new RmsNorm(scope.create("weight", Shape.of(size), init), epsilon, zeroCentered);
    }

    /** {@code [..., size]} to the same shape. */
    public Tensor apply(Tensor x) {
        Tensor gain = zeroCentered ? weight.tensor().add(1) : weight.tensor();
        return x.rmsNorm(gain, epsilon);
    }
}
