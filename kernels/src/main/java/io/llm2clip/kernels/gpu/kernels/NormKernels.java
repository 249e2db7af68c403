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

    /** Params: columns, centered (0 or 1). Scalars: epsilon. A work-group per row. The bias is not read if not centered. */
    static void k_norm(
            KernelContext context,
            FloatBuf x,
            FloatBuf weight,
            FloatBuf bias,
            FloatBuf out,
            IntBuf params,
            FloatBuf scalars) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int columns = params.get(0);
        int centered = params.get(1);
        int from = params.get(2) + context.groupIdx * columns;
        int to = params.get(5) + context.groupIdx * columns;
        float mean = centered == 0 ? 0f : k_mean(context, x, partials, from, columns);
        float scale = k_scale(context, x, partials, from, columns, mean, scalars.get(0));
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float shift = centered == 0 ? 0f : bias.get(params.get(4) + c);
            out.set(to + c, (x.get(from + c) - mean) * scale * weight.get(params.get(3) + c) + shift);
        }
    }

    /**
     * {@code dx = scale * (g - [mean(g) if centered] - z * mean(g z))} with {@code g = dy * weight} and {@code z = (x - mean) *
     * scale}. Statistics are {@code [mean | scale]} of each row. Params: columns, centered (0 or 1), rows. Scalars: epsilon. A
     * work-group per row.
     */
    static void k_normGradient(
            KernelContext context,
            FloatBuf x,
            FloatBuf weight,
            FloatBuf dy,
            FloatBuf dx,
            FloatBuf statistics,
            IntBuf params,
            FloatBuf scalars) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int columns = params.get(0);
        int centered = params.get(1);
        int row = context.groupIdx;
        int xRow = params.get(3) + row * columns;
        int weightRow = params.get(4);
        int dyRow = params.get(5) + row * columns;
        int dxRow = params.get(6) + row * columns;
        float mean = centered == 0 ? 0f : k_mean(context, x, partials, xRow, columns);
        float scale = k_scale(context, x, partials, xRow, columns, mean, scalars.get(0));
        float sum = 0f;
        float product = 0f;
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float gradient = dy.get(dyRow + c) * weight.get(weightRow + c);
            sum += gradient;
            product += gradient * (x.get(xRow + c) - mean) * scale;
        }
        float meanGradient = RowKernels.k_groupSum(context, partials, sum, RowKernels.GROUP) / columns;
        float meanProduct = RowKernels.k_groupSum(context, partials, product, RowKernels.GROUP) / columns;
        float shift = centered == 0 ? 0f : meanGradient;
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float gradient = dy.get(dyRow + c) * weight.get(weightRow + c);
            float z = (x.get(xRow + c) - mean) * scale;
            dx.set(dxRow + c, scale * (gradient - shift - z * meanProduct));
        }
        if (context.localIdx == 0) {
            statistics.set(params.get(7) + row, mean);
            statistics.set(params.get(7) + params.get(2) + row, scale);
        }
    }

    /**
     * {@code dweight = sum(dy * z)}, and {@code dbias = sum(dy)} if centered, over chunks of the rows, with the statistics of {@link
     * #k_normGradient}. Params: columns, centered (0 or 1), rows, work-items, rows per chunk. Targets are {@code [chunks,
     * columns]}; that of dbias is not written if not centered. A work-item per column of a chunk.
     */
    static void k_normWeightGradient(
            KernelContext context,
            FloatBuf x,
            FloatBuf dy,
            FloatBuf statistics,
            FloatBuf dweight,
            FloatBuf dbias,
            IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(3)) {
            int columns = params.get(0);
            int rows = params.get(2);
            int chunk = element / columns;
            int first = chunk * params.get(4);
            int end = first + KMath.min(params.get(4), rows - first);
            int xColumn = params.get(5) + element - chunk * columns;
            int dyColumn = params.get(6) + element - chunk * columns;
            int means = params.get(7);
            float weightGradient = 0f;
            float biasGradient = 0f;
            for (int row = first; row < end; row++) {
                float gradient = dy.get(dyColumn + row * columns);
                float z = (x.get(xColumn + row * columns) - statistics.get(means + row))
                        * statistics.get(means + rows + row);
                weightGradient += gradient * z;
                biasGradient += gradient;
            }
            dweight.set(params.get(8) + element, weightGradient);
            if (params.get(1) != 0) {
                dbias.set(params.get(9) + element, biasGradient);
            }
        }
    }

    static float k_mean(KernelContext context, FloatBuf x, float[] partials, int row, int columns) {
        float sum = 0f;
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            sum += x.get(row + c);
        }
        return RowKernels.k_groupSum(context, partials, sum, RowKernels.GROUP) / columns;
    }

    /** {@code 1 / sqrt(mean((x - mean)^2) + epsilon)}; a second pass, as the difference of moments cancels. */
    static float k_scale(
            KernelContext context, FloatBuf x, float[] partials, int row, int columns, float mean, float epsilon) {
        float sum = 0f;
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float difference = x.get(row + c) - mean;
            sum += difference * difference;
        }
        return 1f / KMath.sqrt(RowKernels.k_groupSum(context, partials, sum, RowKernels.GROUP) / columns + epsilon);
    }
}
