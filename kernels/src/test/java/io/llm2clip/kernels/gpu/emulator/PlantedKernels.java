package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** Kernels with one mistake each, and correct ones to compare with. All take groups of 4 and params: elements | x, out. */
final class PlantedKernels {

    private PlantedKernels() {}

    static void k_correct(KernelContext context, FloatBuf floats, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        tile[context.localIdx] = floats.get(params.get(1) + context.globalIdx);
        context.localBarrier();
        floats.set(params.get(2) + context.globalIdx, tile[3 - context.localIdx]);
    }

    static void k_missingBarrier(KernelContext context, FloatBuf floats, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        tile[context.localIdx] = floats.get(params.get(1) + context.globalIdx);
        floats.set(params.get(2) + context.globalIdx, tile[context.localIdx / 2]);
    }

    static void k_missingSecondBarrier(KernelContext context, FloatBuf floats, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        float sum = 0f;
        for (int i = 0; i < 2; i++) {
            tile[context.localIdx] = floats.get(params.get(1) + context.globalIdx);
            context.localBarrier();
            sum += tile[3 - context.localIdx];
        }
        floats.set(params.get(2) + context.globalIdx, sum);
    }

    static void k_tileOffByOne(KernelContext context, FloatBuf floats, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        tile[context.localIdx] = floats.get(params.get(1) + context.globalIdx);
        context.localBarrier();
        floats.set(params.get(2) + context.globalIdx, tile[context.localIdx + 1]);
    }

    static void k_overlappingWrite(KernelContext context, FloatBuf floats, IntBuf params) {
        floats.set(params.get(2) + context.globalIdx, 1f);
        if (context.localIdx == 3) {
            floats.set(params.get(2) + (context.globalIdx + 1) % params.get(0), 1f);
        }
    }

    static void k_readsNeighboursOutput(KernelContext context, FloatBuf floats, IntBuf params) {
        floats.set(params.get(2) + context.globalIdx, 1f);
        context.localBarrier();
        if (context.localIdx == 0) {
            floats.set(params.get(2) + context.globalIdx, floats.get(params.get(2) + context.globalIdx + 1));
        }
    }

    static void k_outOfBounds(KernelContext context, FloatBuf floats, IntBuf params) {
        floats.set(params.get(2) + context.globalIdx, floats.get(params.get(1) + context.globalIdx + 1));
    }

    static void k_unwritten(KernelContext context, FloatBuf floats, IntBuf params) {
        if (context.globalIdx + 1 < params.get(0)) {
            floats.set(params.get(2) + context.globalIdx, 1f);
        }
    }

    static void k_guarded(KernelContext context, FloatBuf floats, IntBuf params) {
        if (context.globalIdx < params.get(0)) {
            floats.set(params.get(2) + context.globalIdx, 1f);
        }
    }

    static void k_unguarded(KernelContext context, FloatBuf floats, IntBuf params) {
        floats.set(params.get(2) + context.globalIdx, 1f);
    }

    static void k_divergentBarrier(KernelContext context, FloatBuf floats, IntBuf params) {
        if (context.localIdx < 2) {
            context.localBarrier();
        }
        floats.set(params.get(2) + context.globalIdx, 1f);
    }

    static void k_differentBarriers(KernelContext context, FloatBuf floats, IntBuf params) {
        if (context.localIdx < 2) {
            context.localBarrier();
        } else {
            context.localBarrier();
        }
        floats.set(params.get(2) + context.globalIdx, 1f);
    }

    static void k_writesInput(KernelContext context, FloatBuf floats, IntBuf params) {
        floats.set(params.get(1) + context.globalIdx, 1f);
    }

    static void k_readsUnwritten(KernelContext context, FloatBuf floats, IntBuf params) {
        int at = params.get(2) + context.globalIdx;
        floats.set(at, floats.get(at) + 1f);
    }

    static void k_uninitialisedLocal(KernelContext context, FloatBuf floats, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        floats.set(params.get(2) + context.globalIdx, tile[context.localIdx]);
    }

    static void k_uninitialisedPrivate(KernelContext context, FloatBuf floats, IntBuf params) {
        float[] sums = new float[2];
        sums[0] += 1f;
        floats.set(params.get(2) + context.globalIdx, sums[0]);
    }

    static void k_privateOutOfBounds(KernelContext context, FloatBuf floats, IntBuf params) {
        float[] values = new float[2];
        values[context.localIdx] = 1f;
        floats.set(params.get(2) + context.globalIdx, values[context.localIdx]);
    }

    static void k_unlikeAllocation(KernelContext context, FloatBuf floats, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(context.localIdx < 2 ? 4 : 8);
        tile[context.localIdx] = 1f;
        floats.set(params.get(2) + context.globalIdx, tile[context.localIdx]);
    }

    static void k_wrongLayout(KernelContext context, FloatBuf floats, IntBuf params) {
        floats.set(params.get(3) + context.globalIdx, 1f);
    }

    static void k_divisionByZero(KernelContext context, FloatBuf floats, IntBuf params) {
        floats.set(params.get(2) + context.globalIdx, 1f / (4 / context.localIdx));
    }
}
