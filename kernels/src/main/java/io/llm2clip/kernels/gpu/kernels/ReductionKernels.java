package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/**
 * Sums and maxima of chunks of an extent. The same kernels then combine the chunks, from scratch memory.
 *
 * <p>Params of all: work-items, extent, inner, maximum (0 or 1), chunks per extent, length of a chunk. Source
 * {@code [outer, extent, inner]}, target {@code [outer, chunks, inner]}.
 */
public final class ReductionKernels {
    /** Ints of the dimensions. */
    static final int HEADER = 6;

    private ReductionKernels() {}

    /** A work-group per element of the target; inner is 1. */
    static void k_reduceRow(KernelContext context, FloatBuf source, FloatBuf target, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int extent = params.get(1);
        boolean maximum = params.get(3) != 0;
        int chunks = params.get(4);
        int row = context.groupIdx / chunks;
        int first = (context.groupIdx - row * chunks) * params.get(5);
        int length = KMath.min(params.get(5), extent - first);
        int at = params.get(HEADER) + row * extent + first;
        float partial = maximum ? Float.NEGATIVE_INFINITY : 0f;
        for (int i = context.localIdx; i < length; i += RowKernels.GROUP) {
            float value = source.get(at + i);
            partial = maximum ? ScalarFunctions.k_maximum(partial, value) : partial + value;
        }
        float total = maximum
                ? RowKernels.k_groupMax(context, partials, partial, RowKernels.GROUP)
                : RowKernels.k_groupSum(context, partials, partial, RowKernels.GROUP);
        if (context.localIdx == 0) {
            target.set(params.get(HEADER + 1) + context.groupIdx, total);
        }
    }

    /** A work-item per element of the target; neighbors read neighboring columns. */
    static void k_reduceColumn(KernelContext context, FloatBuf source, FloatBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int extent = params.get(1);
            int inner = params.get(2);
            boolean maximum = params.get(3) != 0;
            int chunks = params.get(4);
            int chunk = element / inner;
            int outer = chunk / chunks;
            int first = (chunk - outer * chunks) * params.get(5);
            int length = KMath.min(params.get(5), extent - first);
            int at = params.get(HEADER) + (outer * extent + first) * inner + element - chunk * inner;
            float total = maximum ? Float.NEGATIVE_INFINITY : 0f;
            for (int i = 0; i < length; i++) {
                float value = source.get(at + i * inner);
                total = maximum ? ScalarFunctions.k_maximum(total, value) : total + value;
            }
            target.set(params.get(HEADER + 1) + element, total);
        }
    }
}
