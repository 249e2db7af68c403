package io.llm2clip.nn;

import io.llm2clip.tensor.Tensor;

/**
 * {@code fc2(activation(fc1(x)))}, with biases.
 *
 * @param fc1 {@code [hidden, width]}
 * @param fc2 {@code [width, hidden]}
 */
public record Mlp(Linear fc1, Activation activation, Linear fc2) {

    /** Biases start at zero. */
    public static Mlp create(
            Scope scope, int width, int hidden, Activation activation, Initializer weightInit, Initializer outputInit) {
        return new Mlp(
                Linear.create(scope.scope("fc1"), width, hidden, true, weightInit),
                activation,
                Linear.create(scope.scope("fc2"), hidden, width, true, outputInit));
    }

    /** {@code [..., width]} to the same shape. */
    public Tensor apply(Tensor x) {
        return Blocks.wide(x, in -> fc2.apply(activation.apply(fc1.apply(in))));
    }
}
