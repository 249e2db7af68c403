package io.llm2clip.kernels.operations;

/** How a {@link Reduce} combines elements. */
public enum Reduction {
    /** Sum; 0 for no elements. */
    SUM,
    /** Maximum; negative infinity for no elements. */
    MAX
}
