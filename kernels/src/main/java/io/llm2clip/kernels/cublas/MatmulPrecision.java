package io.llm2clip.kernels.cublas;

/** How a library multiplies f32 elements. */
public enum MatmulPrecision {
    /** As f32. */
    F32(68),
    /** With 10 bits of fraction in the factors, and sums in f32: several times faster on tensor cores. */
    TF32(77);

    private final int computeType;

    MatmulPrecision(int computeType) {
        this.computeType = computeType;
    }

    /** {@code cublasComputeType_t}. */
    int computeType() {
        return computeType;
    }
}
