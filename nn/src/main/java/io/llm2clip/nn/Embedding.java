package io.llm2clip.nn;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;

/**
 * A table of vectors read by number, with the parameter {@code weight [rows, columns]}.
 *
 * @param weight the table
 */
public record Embedding(Parameter weight) {

    public static Embedding create(Scope scope, int rows, int columns, Initializer init) {
        return new Embedding(scope.table("weight", Shape.of(rows, columns), init));
    }

    /** The rows of an i32 index {@code [...]}: {@code [..., columns]}. */
    public Tensor apply(Tensor index) {
        return weight.tensor().gather(index);
    }
}
