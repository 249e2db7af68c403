package io.llm2clip.tensor;

import java.util.Locale;

/**
 * In what a program multiplies matrices. Sums are f32 in each, and so is everything else that a program computes: residuals, norms,
 * softmax.
 */
public enum Precision {
    /** As f32. */
    F32,
    /** With operands rounded to a mantissa of 10 bits, on tensor cores. */
    TF32,
    /** With operands rounded to bf16. */
    BF16,
    /** With each operand split into two bf16 numbers, of which three products are summed: about 2^-16 of the operands is lost. */
    BF16X3,
    /** With each operand split into three bf16 numbers, which hold all of it, of which six products are summed: as precise as f32. */
    BF16X6,
    /**
     * Quantized weights as the small integers that they are, by activations rounded to int8 in the same blocks of 32, each with a scale;
     * matrices that are not quantized as f32.
     */
    INT8;

    /** The name in options and files, such as {@code bf16x3}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
