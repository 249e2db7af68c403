package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** Sums of squares of blocks, of several inputs in one launch: gradients are many, and most of them small. */
public final class SquareSumKernels {
    /** Inputs per launch. */
    public static final int INPUTS = 16;
    /** Work-items per block; a power of two. */
    public static final int GROUP = 256;
    /** Ints of the dimensions. */
    static final int HEADER = 1 + 2 * INPUTS;

    private SquareSumKernels() {}

    /**
     * A work-group per block. Params: elements per block, for each input its first block, for each input its elements. Inputs that a
     * launch has no use for begin behind its last block.
     */
    static void k_squareSums(
            KernelContext context,
            FloatBuf x0,
            FloatBuf x1,
            FloatBuf x2,
            FloatBuf x3,
            FloatBuf x4,
            FloatBuf x5,
            FloatBuf x6,
            FloatBuf x7,
            FloatBuf x8,
            FloatBuf x9,
            FloatBuf x10,
            FloatBuf x11,
            FloatBuf x12,
            FloatBuf x13,
            FloatBuf x14,
            FloatBuf x15,
            FloatBuf out,
            IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(GROUP);
        int input = 0;
        for (int i = 1; i < INPUTS; i++) {
            input = params.get(1 + i) > context.groupIdx ? input : i;
        }
        int first = (context.groupIdx - params.get(1 + input)) * params.get(0);
        int count = KMath.min(params.get(0), params.get(1 + INPUTS + input) - first);
        int from = params.get(HEADER + input) + first;
        float sum = 0f;
        if (input == 0) {
            sum = k_squares(context, x0, from, count);
        }
        if (input == 1) {
            sum = k_squares(context, x1, from, count);
        }
        if (input == 2) {
            sum = k_squares(context, x2, from, count);
        }
        if (input == 3) {
            sum = k_squares(context, x3, from, count);
        }
        if (input == 4) {
            sum = k_squares(context, x4, from, count);
        }
        if (input == 5) {
            sum = k_squares(context, x5, from, count);
        }
        if (input == 6) {
            sum = k_squares(context, x6, from, count);
        }
        if (input == 7) {
            sum = k_squares(context, x7, from, count);
        }
        if (input == 8) {
            sum = k_squares(context, x8, from, count);
        }
        if (input == 9) {
            sum = k_squares(context, x9, from, count);
        }
        if (input == 10) {
            sum = k_squares(context, x10, from, count);
        }
        if (input == 11) {
            sum = k_squares(context, x11, from, count);
        }
        if (input == 12) {
            sum = k_squares(context, x12, from, count);
        }
        if (input == 13) {
            sum = k_squares(context, x13, from, count);
        }
        if (input == 14) {
            sum = k_squares(context, x14, from, count);
        }
        if (input == 15) {
            sum = k_squares(context, x15, from, count);
        }
        sum = RowKernels.k_groupSum(context, partials, sum, GROUP);
        if (context.localIdx == 0) {
            out.set(params.get(HEADER + INPUTS) + context.groupIdx, sum);
        }
    }

    /** A work-item's part of a block's sum. */
    static float k_squares(KernelContext context, FloatBuf x, int from, int count) {
        float sum = 0f;
        for (int i = context.localIdx; i < count; i += GROUP) {
            float value = x.get(from + i);
            sum += value * value;
        }
        return sum;
    }
}
