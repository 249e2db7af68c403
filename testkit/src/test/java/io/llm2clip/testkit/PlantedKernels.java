package io.llm2clip.testkit;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** Kernels of {@link Reversal} with one mistake each, and a correct one. A work-group of 4 per row, no params of their own. */
final class PlantedKernels {

    private PlantedKernels() {}

    static void k_correct(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params) {
        float[] row = context.allocateFloatLocalArray(4);
        row[context.localIdx] = x.get(params.get(0) + context.globalIdx);
        context.localBarrier();
        y.set(params.get(1) + context.globalIdx, row[3 - context.localIdx]);
    }

    static void k_missingBarrier(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params) {
        float[] row = context.allocateFloatLocalArray(4);
        row[context.localIdx] = x.get(params.get(0) + context.globalIdx);
        y.set(params.get(1) + context.globalIdx, row[context.localIdx / 2]);
    }

    static void k_race(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params) {
        y.set(params.get(1) + context.globalIdx / 2, x.get(params.get(0) + context.globalIdx));
    }

    static void k_outOfBounds(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params) {
        y.set(params.get(1) + context.globalIdx, x.get(params.get(0) + context.globalIdx + 1));
    }

    static void k_unwritten(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params) {
        if (context.localIdx < 3) {
            int mirrored = context.globalIdx + 3 - 2 * context.localIdx;
            y.set(params.get(1) + context.globalIdx, x.get(params.get(0) + mirrored));
        }
    }

    static void k_wrong(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params) {
        y.set(params.get(1) + context.globalIdx, x.get(params.get(0) + context.globalIdx));
    }

    static void k_throwing(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params) {
        y.set(params.get(1) + context.globalIdx, 1 / context.localIdx);
    }
}
