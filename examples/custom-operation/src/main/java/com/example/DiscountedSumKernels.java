package com.example;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** What devices run: a class of kernels only, in the dialect that {@code docs/kernels.md} describes. */
final class DiscountedSumKernels {

    private DiscountedSumKernels() {}

    /** Params: rows, columns, backward (0 or 1), then where x and y begin. Scalars: discount. */
    static void k_discountedSum(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params, FloatBuf scalars) {
        int row = context.globalIdx;
        if (row < params.get(0)) {
            int columns = params.get(1);
            float sum = 0f;
            for (int i = 0; i < columns; i++) {
                int element = row * columns + (params.get(2) == 0 ? i : columns - 1 - i);
                sum = x.get(params.get(3) + element) + scalars.get(0) * sum;
                y.set(params.get(4) + element, sum);
            }
        }
    }
}
