package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** Cross entropy of logits with a target class, and its gradient; a work-group per row, wider for rows of many classes. */
public final class CrossEntropyKernels {
    /** Work-items that share a row of many classes, as vocabularies have; a power of two. */
    public static final int WIDE = 256;
    /** Classes from which on rows are shared by {@link #WIDE} work-items, not by {@link RowKernels#GROUP}. */
    public static final int MANY = 2048;

    private CrossEntropyKernels() {}

    /** Params: columns. */
    static void k_crossEntropy(KernelContext context, FloatBuf logits, IntBuf targets, FloatBuf losses, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(WIDE);
        int columns = params.get(0);
        int lanes = columns < MANY ? RowKernels.GROUP : WIDE;
        int row = context.groupIdx;
        int from = params.get(1) + row * columns;
        float max = RowKernels.k_rowMax(context, logits, partials, from, columns, lanes);
        float sum = RowKernels.k_rowExponentials(context, logits, partials, from, columns, max, lanes);
        if (context.localIdx == 0) {
            int target = targets.get(params.get(2) + row);
            float loss = 0f;
            if (target >= 0) {
                loss = max + KMath.log(sum) - logits.get(from + target);
            }
            losses.set(params.get(3) + row, loss);
        }
    }

    /** Params: columns. */
    static void k_crossEntropyGradient(
            KernelContext context, FloatBuf logits, IntBuf targets, FloatBuf dlosses, FloatBuf dlogits, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(WIDE);
        int columns = params.get(0);
        int lanes = columns < MANY ? RowKernels.GROUP : WIDE;
        int row = context.groupIdx;
        int from = params.get(1) + row * columns;
        int to = params.get(4) + row * columns;
        float max = RowKernels.k_rowMax(context, logits, partials, from, columns, lanes);
        float sum = RowKernels.k_rowExponentials(context, logits, partials, from, columns, max, lanes);
        int target = targets.get(params.get(2) + row);
        float gradient = dlosses.get(params.get(3) + row);
        for (int c = context.localIdx; c < columns; c += lanes) {
            float value = 0f;
            if (target >= 0) {
                value = gradient * (KMath.exp(logits.get(from + c) - max) / sum - (c == target ? 1f : 0f));
            }
            dlogits.set(to + c, value);
        }
    }
}
