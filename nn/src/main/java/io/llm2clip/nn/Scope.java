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
        return owner.declare(join(name), shape, initializer, Parameter.Role.PLAIN);
    }

    /** Declares the parameter {@code prefix.name}, which only matmul reads, as its transposed second operand: in any format. */
    public Parameter matrix(String name, Shape shape, Initializer initializer) {
        return owner.declare(join(name), shape, initializer, Parameter.Role.MATRIX);
    }

    /** Declares the parameter {@code prefix.name}, which only gather reads, or also matmul, as above: in any dense format. */
    public Parameter table(String name, Shape shape, Initializer initializer) {
        return owner.declare(join(name), shape, initializer, Parameter.Role.TABLE);
    }

    private String join(String name) {
        return prefix.isEmpty() ? name : prefix + "." + name;
    }
}
