package io.llm2clip.kernels.gpu.cublas;

import io.llm2clip.kernels.DType;

/** How a library multiplies matrices of f32 elements; sums are f32 in each. */
public enum MatmulPrecision {
    /** As f32. */
    F32(68, 0, DType.F32),
    /** With factors of 10 bits of fraction, on tensor cores. */
    TF32(77, 0, DType.F32),
    /** With factors rounded to bf16 before, on tensor cores. */
    BF16(68, 14, DType.BF16);

    private final int computeType;
    private final int dataType;
    private final DType factors;

    MatmulPrecision(int computeType, int dataType, DType factors) {
        this.computeType = computeType;
        this.dataType = dataType;
        this.factors = factors;
    }

    /** {@code cublasComputeType_t}. */
    int computeType() {
        return computeType;
    }

    /** {@code cudaDataType} of the factors. */
    int dataType() {
        return dataType;
    }

    /** As what the library reads the factors. */
    public DType factors() {
        return factors;
    }
}
