package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** Cross entropy of logits with a target class, and its gradient; a work-group a row. */
public final class CrossEntropyKernels {

    private CrossEntropyKernels() {}

    /** Params: columns | logits, target, out. */
    static void k_crossEntropy(KernelContext context, FloatBuf floats, IntBuf ints, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int columns = params.get(0);
        int row = context.groupIdx;
        int logits = params.get(1) + row * columns;
        float max = RowKernels.k_rowMax(context, floats, partials, logits, columns);
        float sum = RowKernels.k_rowExponentials(context, floats, partials, logits, columns, max);
        if (context.localIdx == 0) {
            int target = ints.get(params.get(2) + row);
            float loss = 0f;
            if (target >= 0) {
                loss = max + KMath.log(sum) - floats.get(logits + target);
            }
            floats.set(params.get(3) + row, loss);
        }
    }

    /** Params: columns | logits, target, dloss, out. */
    static void k_crossEntropyGradient(KernelContext context, FloatBuf floats, IntBuf ints, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int columns = params.get(0);
        int row = context.groupIdx;
        int logits = params.get(1) + row * columns;
        int out = params.get(4) + row * columns;
        float max = RowKernels.k_rowMax(context, floats, partials, logits, columns);
        float sum = RowKernels.k_rowExponentials(context, floats, partials, logits, columns, max);
        int target = ints.get(params.get(2) + row);
        float gradient = floats.get(params.get(3) + row);
        for (int c = context.localIdx; c < columns; c += RowKernels.GROUP) {
            float value = 0f;
            if (target >= 0) {
                value = gradient * (KMath.exp(floats.get(logits + c) - max) / sum - (c == target ? 1f : 0f));
            }
            floats.set(out + c, value);
        }
    }
}
