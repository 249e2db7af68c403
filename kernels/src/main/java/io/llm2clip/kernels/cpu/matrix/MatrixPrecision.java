package io.llm2clip.kernels.cpu.matrix;

import java.util.Locale;

/** In what a matrix unit multiplies f32 elements; sums are f32 in each. */
public enum MatrixPrecision {
    /** As f32. */
    F32,
    /** Rounded to bf16. */
    BF16,
    /** Each split into two bf16 numbers, of which three products are summed: about 2^-16 of the factors is lost. */
    BF16X3;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
