package org.example.operations;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;
import io.llm2clip.kernels.gpu.kernels.RowKernels;

/** Device kernels as a user writes them, in a class that only his package sees. */
final class ForeignKernels {
    /** Work-items per row. */
    static final int GROUP = 32;

    private ForeignKernels() {}

    /** Params: elements. */
    static void k_swish(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params, FloatBuf scalars) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            float value = x.get(params.get(1) + element);
            out.set(params.get(2) + element, value / (1f + KMath.exp(-scalars.get(0) * value)));
        }
    }

    /** A work-group per picked row. Params: columns. */
    static void k_pickRows(
            KernelContext context, FloatBuf table, IntBuf index, FloatBuf picked, FloatBuf squares, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(GROUP);
        int columns = params.get(0);
        int row = context.groupIdx;
        int from = params.get(1) + index.get(params.get(2) + row) * columns;
        int to = params.get(3) + row * columns;
        float sum = 0f;
        for (int c = context.localIdx; c < columns; c += GROUP) {
            float value = table.get(from + c);
            picked.set(to + c, value);
            sum += value * value;
        }
        float total = k_total(context, partials, sum);
        if (context.localIdx == 0) {
            squares.set(params.get(4) + row, total);
        }
    }

    /** The sum of what the work-items of a group have, the same in each. */
    static float k_total(KernelContext context, float[] partials, float value) {
        partials[context.localIdx] = value;
        context.localBarrier();
        float total = 0f;
        for (int i = 0; i < GROUP; i++) {
            total += partials[i];
        }
        context.localBarrier();
        return total;
    }

    /** Params: elements. */
    static void k_follow(KernelContext context, FloatBuf target, FloatBuf rate, FloatBuf value, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int at = params.get(3) + element;
            float before = value.get(at);
            value.set(at, before + rate.get(params.get(2)) * (target.get(params.get(1) + element) - before));
        }
    }

    /** One work-group. Params: elements. */
    static void k_mean(KernelContext context, FloatBuf x, FloatBuf mean, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(GROUP);
        int elements = params.get(0);
        float sum = 0f;
        for (int i = context.localIdx; i < elements; i += GROUP) {
            sum += x.get(params.get(1) + i);
        }
        float total = RowKernels.k_groupSum(context, partials, sum, GROUP);
        if (context.localIdx == 0) {
            mean.set(params.get(2), total / elements);
        }
    }

    /** Params: elements. */
    static void k_center(KernelContext context, FloatBuf x, FloatBuf mean, FloatBuf out, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            out.set(params.get(3) + element, x.get(params.get(1) + element) - mean.get(params.get(2)));
        }
    }

    /** Changes the sign of bf16 elements. Params: elements. */
    static void k_flip(KernelContext context, ShortBuf x, ShortBuf out, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            out.set(params.get(2) + element, (short) (x.get(params.get(1) + element) ^ 0x8000));
        }
    }
}
