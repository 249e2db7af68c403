package io.llm2clip.kernels.gpu.device;

import io.llm2clip.kernels.DType;

/** In what a device multiplies matrices of f32 elements; sums are f32 in each. */
public enum MatmulPrecision {
    /** As f32. */
    F32(DType.F32),
    /** With operands of 10 bits of fraction, on tensor cores. */
    TF32(DType.F32),
    /** With operands rounded to bf16 before, on tensor cores. */
    BF16(DType.BF16);

    private final DType factors;

    MatmulPrecision(DType factors) {
        this.factors = factors;
    }

    /** As what the matmul reads its operands. */
    public DType factors() {
        return factors;
    }
}
