package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;

/** In which format the weights of a frozen model's linear layers are kept in memory. */
public enum WeightFormat {
    /** As the checkpoint has them; quantized ones that are no {@link DType}, and quantized embeddings, become f32. */
    STORED,
    /**
     * {@link DType#Q8}: 8 bits and a scale for each 32 weights of a row, a bit more than half of bf16. Rows that are not whole blocks stay
     * as the checkpoint has them, and so do embeddings, of which few rows are read.
     */
    INT8,
    /** {@link DType#Q4}: 4 bits and a scale for each 32 weights of a row; otherwise as {@link #INT8}. */
    INT4;

    /** The format of a parameter that is loaded from elements of a type. */
    DType of(Parameter parameter, DType stored) {
        DType quantized = switch (this) {
            case STORED -> stored;
            case INT8 -> DType.Q8;
            case INT4 -> DType.Q4;
        };
        Shape shape = parameter.shape();
        boolean fits = parameter.role() == Parameter.Role.MATRIX
                && shape.rank() == 2
                && shape.dim(1) % quantized.blockSize() == 0;
        if (fits) {
            return quantized;
        }
        return stored.isQuantized() ? DType.F32 : stored;
    }
}
