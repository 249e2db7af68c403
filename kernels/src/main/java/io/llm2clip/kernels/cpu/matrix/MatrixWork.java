package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;

/** Kinds of operations that multiply matrices. Units are chosen for each kind by itself, so that a unit may have one of them only. */
public enum MatrixWork {
    MATMUL,
    ATTENTION,
    ATTENTION_GRADIENT;

    /**
     * The kind of an operation.
     *
     * @throws IllegalArgumentException if it multiplies no matrices
     */
    public static MatrixWork of(KernelOp op) {
        return switch (op) {
            case Matmul _ -> MATMUL;
            case AttentionOp.Attention _ -> ATTENTION;
            case AttentionOp.AttentionGradient _ -> ATTENTION_GRADIENT;
            default -> throw new IllegalArgumentException(op + " multiplies no matrices.");
        };
    }
}
