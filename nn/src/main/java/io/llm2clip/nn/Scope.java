package io.llm2clip.nn;

import io.llm2clip.tensor.Shape;

/**
 * A place in the hierarchy of parameter names, such as {@code layers.3.mlp}.
 *
 * @param owner holds what is created here
 * @param prefix the joined names, empty at the root
 */
public record Scope(Parameters owner, String prefix) {

    /** The scope {@code prefix.name}. */
    public Scope scope(String name) {
        return new Scope(owner, join(name));
    }

    /** The scope {@code prefix.index}. */
    public Scope scope(int index) {
        return scope(Integer.toString(index));
    }

    /** Declares the parameter {@code prefix.name}, an f32 tensor that any operation may read. */
    public Parameter create(String name, Shape shape, Initializer initializer) {
        return owner.declare(join(name), shape, initializer, false);
    }

    /** Declares the parameter {@code prefix.name}, which only matmul (transposed) and gather read, in whatever format it is stored. */
    public Parameter matrix(String name, Shape shape, Initializer initializer) {
        return owner.declare(join(name), shape, initializer, true);
    }

    private String join(String name) {
        return prefix.isEmpty() ? name : prefix + "." + name;
    }
}
