package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/**
 * Softmax with its gradient, and what other kernels do with rows: a work-group of {@link #GROUP} work-items per row. Kernels of one's own
 * may use the public helpers.
 */
public final class RowKernels {
    /** Work-items that share a row; a power of two. */
    public static final int GROUP = 32;

    private RowKernels() {}

    /** Sum over the work-group of a power of two of lanes, the same in each, by a tree in {@code partials [lanes]}. */
    public static float k_groupSum(KernelContext context, float[] partials, float value, int lanes) {
        int lane = context.localIdx;
        partials[lane] = value;
        for (int span = lanes / 2; span > 0; span = span / 2) {
            context.localBarrier();
            if (lane < span) {
                partials[lane] = partials[lane] + partials[lane + span];
            }
        }
        context.localBarrier();
        float total = partials[0];
        // The next reduction overwrites the partials.
        context.localBarrier();
        return total;
    }

    /** As {@link #k_groupSum}, the maximum. */
    public static float k_groupMax(KernelContext context, float[] partials, float value, int lanes) {
        int lane = context.localIdx;
        partials[lane] = value;
        for (int span = lanes / 2; span > 0; span = span / 2) {
            context.localBarrier();
            if (lane < span) {
                partials[lane] = ScalarFunctions.k_maximum(partials[lane], partials[lane + span]);
            }
        }
        context.localBarrier();
        float total = partials[0];
        context.localBarrier();
        return total;
    }

    /** Maximum of the row at {@code row}. */
    static float k_rowMax(KernelContext context, FloatBuf x, float[] partials, int row, int columns, int lanes) {
        float max = Float.NEGATIVE_INFINITY;
        for (int c = context.localIdx; c < columns; c += lanes) {
            max = ScalarFunctions.k_maximum(max, x.get(row + c));
        }
        return k_groupMax(context, partials, max, lanes);
    }

    /** {@code sum(exp(x - max))} over the row at {@code row}. */
    static float k_rowExponentials(
            KernelContext context, FloatBuf x, float[] partials, int row, int columns, float max, int lanes) {
        float sum = 0f;
        for (int c = context.localIdx; c < columns; c += lanes) {
            sum += KMath.exp(x.get(row + c) - max);
        }
        return k_groupSum(context, partials, sum, lanes);
    }

    /** Params: columns. */
    static void k_softmax(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(GROUP);
        int columns = params.get(0);
        int from = params.get(1) + context.groupIdx * columns;
        int to = params.get(2) + context.groupIdx * columns;
        float max = k_rowMax(context, x, partials, from, columns, GROUP);
        float sum = k_rowExponentials(context, x, partials, from, columns, max, GROUP);
        for (int c = context.localIdx; c < columns; c += GROUP) {
            out.set(to + c, KMath.exp(x.get(from + c) - max) / sum);
        }
    }

    /**
     * In place over the first columns of a row, as many as a query sees of keys; the others become 0. Params: keys, queries, heads,
     * first sequence, causal (0 or 1).
     */
    static void k_maskedSoftmax(KernelContext context, FloatBuf scores, IntBuf lengths, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(GROUP);
        int keys = params.get(0);
        int queries = params.get(1);
        int head = context.groupIdx / queries;
        int query = context.groupIdx - head * queries;
        int visible = lengths.get(params.get(6) + params.get(3) + head / params.get(2));
        if (params.get(4) != 0) {
            visible = KMath.min(visible, query + 1);
        }
        int row = params.get(5) + context.groupIdx * keys;
        float max = k_rowMax(context, scores, partials, row, visible, GROUP);
        float sum = k_rowExponentials(context, scores, partials, row, visible, max, GROUP);
        for (int c = context.localIdx; c < keys; c += GROUP) {
            float probability = 0f;
            if (c < visible) {
                probability = KMath.exp(scores.get(row + c) - max) / sum;
            }
            scores.set(row + c, probability);
        }
    }

    /** Params: columns. The output may be dy. */
    static void k_softmaxGradient(KernelContext context, FloatBuf y, FloatBuf dy, FloatBuf dx, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(GROUP);
        int columns = params.get(0);
        int row = context.groupIdx * columns;
        int yRow = params.get(1) + row;
        int dyRow = params.get(2) + row;
        int dxRow = params.get(3) + row;
        float sum = 0f;
        for (int c = context.localIdx; c < columns; c += GROUP) {
            sum += y.get(yRow + c) * dy.get(dyRow + c);
        }
        sum = k_groupSum(context, partials, sum, GROUP);
        for (int c = context.localIdx; c < columns; c += GROUP) {
            dx.set(dxRow + c, y.get(yRow + c) * (dy.get(dyRow + c) - sum));
        }
    }
}
