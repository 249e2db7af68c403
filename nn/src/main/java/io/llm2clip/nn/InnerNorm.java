package io.llm2clip.nn;

import org.jspecify.annotations.Nullable;

/**
 * A layer normalisation before an output projection ("sub-LN", EVA02).
 *
 * @param name of its scope
 * @param epsilon added to the variance
 */
public record InnerNorm(String name, float epsilon) {

    static @Nullable LayerNorm create(@Nullable InnerNorm norm, Scope scope, int size) {
        return norm == null ? null : LayerNorm.create(scope.scope(norm.name), size, norm.epsilon);
    }
}
