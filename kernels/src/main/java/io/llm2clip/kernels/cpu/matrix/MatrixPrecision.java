package io.llm2clip.kernels.cpu.matrix;

import java.util.Locale;

/** In what a matrix unit multiplies; sums are f32 in each. */
public enum MatrixPrecision {
    /** As f32. */
    F32,
    /** Rounded to bf16. */
    BF16,
    /** Each split into two bf16 numbers, of which three products are summed: about 2^-16 of the factors is lost. */
    BF16X3,
    /** Each split into three bf16 numbers, of which six products are summed: about as much is lost as in f32. */
    BF16X6,
    /**
     * Quantized weights as the small integers that they are, by activations rounded to int8 in the same blocks of 32; what is not quantized
     * is multiplied as f32.
     */
    INT8;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
