package io.llm2clip.kernels.operations;

/** How an epilogue operand of a {@link Matmul} is laid out over the output's rows and columns. */
public enum Broadcast {
    /** {@code [batch, m, n]}, one per element. */
    FULL,
    /** {@code [n]}, shared by all rows and batches (a bias). */
    ROW,
    /** One element. */
    SCALAR
}
