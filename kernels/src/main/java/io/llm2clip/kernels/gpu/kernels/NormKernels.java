package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/**
 * Layer and root-mean-square normalization. Both are {@code y = (x - mean) * scale * weight + bias}; the latter is not
 * centered, which means that its mean is taken as 0 and that it has no bias.
 */
public final class NormKernels {

    private NormKernels() {}

    /** Params: columns, centered (0 or 1) | x, weight, [bias,] out. Scalars: epsilon. A work-group a row. */
    static void k_norm(KernelContext context, FloatBuf floats, IntBuf params, FloatBuf scalars) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int columns = params.get(0);
        int centered = params.get(1);
        int x = params.get(2) + context.groupIdx * columns;
        int out = params.get(4 + centered) + context.groupIdx * columns;
        float mean = centered == 0 ? 0f : k_mean(context, floats, partials, x, columns);
        float scale = k_scale(context, floats, partials, x, columns, mean, scalars.get(0));
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float bias = centered == 0 ? 0f : floats.get(params.get(4) + c);
            floats.set(out + c, (floats.get(x + c) - mean) * scale * floats.get(params.get(3) + c) + bias);
        }
    }

    /**
     * {@code dx = scale * (g - [mean(g) if centered] - z * mean(g z))} with {@code g = dy * weight} and {@code z = (x - mean) *
     * scale}. Params: columns, centered (0 or 1), rows | x, weight, dy, dx, dweight, [dbias,] statistics {@code [mean | scale]} of
     * each row. Scalars: epsilon. A work-group a row.
     */
    static void k_normGradient(KernelContext context, FloatBuf floats, IntBuf params, FloatBuf scalars) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int columns = params.get(0);
        int centered = params.get(1);
        int row = context.groupIdx;
        int x = params.get(3) + row * columns;
        int weight = params.get(4);
        int dy = params.get(5) + row * columns;
        int out = params.get(6) + row * columns;
        float mean = centered == 0 ? 0f : k_mean(context, floats, partials, x, columns);
        float scale = k_scale(context, floats, partials, x, columns, mean, scalars.get(0));
        float sum = 0f;
        float product = 0f;
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float gradient = floats.get(dy + c) * floats.get(weight + c);
            sum += gradient;
            product += gradient * (floats.get(x + c) - mean) * scale;
        }
        float meanGradient = RowKernels.k_groupSum(context, partials, sum) / columns;
        float meanProduct = RowKernels.k_groupSum(context, partials, product) / columns;
        float shift = centered == 0 ? 0f : meanGradient;
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float gradient = floats.get(dy + c) * floats.get(weight + c);
            float z = (floats.get(x + c) - mean) * scale;
            floats.set(out + c, scale * (gradient - shift - z * meanProduct));
        }
        if (context.localIdx == 0) {
            int statistics = params.get(8 + centered);
            floats.set(statistics + row, mean);
            floats.set(statistics + params.get(2) + row, scale);
        }
    }

    /**
     * {@code dweight = sum(dy * z)}, and {@code dbias = sum(dy)} if centered, over chunks of the rows. Params: columns, centered
     * (0 or 1), rows, work-items, rows of a chunk, and for each of the one or two targets {@code [chunks, columns]} its number among
     * the operands and its first element | as of {@link #k_normGradient}. An item for each column of each chunk.
     */
    static void k_normWeightGradient(KernelContext context, FloatBuf floats, IntBuf params) {
        int element = context.globalIdx;
        int items = params.get(3);
        if (element < items) {
            int columns = params.get(0);
            int rows = params.get(2);
            int chunk = element / columns;
            int first = chunk * params.get(4);
            int end = first + KMath.min(params.get(4), rows - first);
            int centered = params.get(1);
            int operands = 7 + 2 * centered;
            int x = params.get(operands) + element - chunk * columns;
            int dy = params.get(operands + 2) + element - chunk * columns;
            int statistics = params.get(operands + 5 + centered);
            float weightGradient = 0f;
            float biasGradient = 0f;
            for (int row = first; row < end; row++) {
                float gradient = floats.get(dy + row * columns);
                float z = (floats.get(x + row * columns) - floats.get(statistics + row))
                        * floats.get(statistics + rows + row);
                weightGradient += gradient * z;
                biasGradient += gradient;
            }
            floats.set(params.get(operands + params.get(5)) + params.get(6) + element, weightGradient);
            if (centered != 0) {
                floats.set(params.get(operands + params.get(7)) + params.get(8) + element, biasGradient);
            }
        }
    }

    static float k_mean(KernelContext context, FloatBuf floats, float[] partials, int x, int columns) {
        float sum = 0f;
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            sum += floats.get(x + c);
        }
        return RowKernels.k_groupSum(context, partials, sum) / columns;
    }

    /** {@code 1 / sqrt(mean((x - mean)^2) + epsilon)}; a second pass, as the difference of moments cancels. */
    static float k_scale(
            KernelContext context, FloatBuf floats, float[] partials, int x, int columns, float mean, float epsilon) {
        float sum = 0f;
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float difference = floats.get(x + c) - mean;
            sum += difference * difference;
        }
        return 1f / KMath.sqrt(RowKernels.k_groupSum(context, partials, sum) / columns + epsilon);
    }
}
