package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.List;

/** What the constructors of operations share. */
final class Checks {
    private Checks() {}

    /** Number of elements of a shape. */
    static long product(List<Integer> shape) {
        long product = 1;
        for (int extent : shape) {
            product *= extent;
        }
        return product;
    }

    static void requireNumbers(String operand, DType dtype) {
        require(
                dtype == DType.F32 || dtype == DType.BF16 || dtype == DType.F16,
                operand + " of f32, bf16 or f16 elements",
                dtype);
    }

    static void require(boolean condition, String expected, Object found) {
        if (!condition) {
            throw new IllegalArgumentException(expected + " expected, found " + found + ".");
        }
    }
}
