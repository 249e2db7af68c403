package io.llm2clip.kernels.operations;

/** How an epilogue operand of a {@link Matmul} is laid out over the product's rows and columns. */
public enum Broadcast {
    /** {@code [batch, m, n]}, an element each. */
    FULL,
    /** {@code [n]}, shared by all rows and batches (a bias). */
    ROW,
    /** One element. */
    SCALAR
}
