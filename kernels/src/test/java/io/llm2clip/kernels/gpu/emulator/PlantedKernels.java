package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** Kernels with one mistake each, and correct ones to compare with. All take groups of 4 and params: elements. */
final class PlantedKernels {

    private PlantedKernels() {}

    static void k_correct(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        tile[context.localIdx] = x.get(params.get(1) + context.globalIdx);
        context.localBarrier();
        out.set(params.get(2) + context.globalIdx, tile[3 - context.localIdx]);
    }

    static void k_missingBarrier(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        tile[context.localIdx] = x.get(params.get(1) + context.globalIdx);
        out.set(params.get(2) + context.globalIdx, tile[context.localIdx / 2]);
    }

    static void k_missingSecondBarrier(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        float sum = 0f;
        for (int i = 0; i < 2; i++) {
            tile[context.localIdx] = x.get(params.get(1) + context.globalIdx);
            context.localBarrier();
            sum += tile[3 - context.localIdx];
        }
        out.set(params.get(2) + context.globalIdx, sum);
    }

    static void k_tileOffByOne(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        tile[context.localIdx] = x.get(params.get(1) + context.globalIdx);
        context.localBarrier();
        out.set(params.get(2) + context.globalIdx, tile[context.localIdx + 1]);
    }

    static void k_overlappingWrite(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        out.set(params.get(2) + context.globalIdx, 1f);
        if (context.localIdx == 3) {
            out.set(params.get(2) + (context.globalIdx + 1) % params.get(0), 1f);
        }
    }

    static void k_readsNeighboursOutput(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        out.set(params.get(2) + context.globalIdx, 1f);
        context.localBarrier();
        if (context.localIdx == 0) {
            out.set(params.get(2) + context.globalIdx, out.get(params.get(2) + context.globalIdx + 1));
        }
    }

    static void k_outOfBounds(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        out.set(params.get(2) + context.globalIdx, x.get(params.get(1) + context.globalIdx + 1));
    }

    static void k_wrongBuffer(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        out.set(params.get(2) + context.globalIdx, out.get(params.get(1) + context.globalIdx));
    }

    static void k_unwritten(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        if (context.globalIdx + 1 < params.get(0)) {
            out.set(params.get(2) + context.globalIdx, 1f);
        }
    }

    static void k_guarded(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        if (context.globalIdx < params.get(0)) {
            out.set(params.get(2) + context.globalIdx, 1f);
        }
    }

    static void k_unguarded(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        out.set(params.get(2) + context.globalIdx, 1f);
    }

    static void k_divergentBarrier(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        if (context.localIdx < 2) {
            context.localBarrier();
        }
        out.set(params.get(2) + context.globalIdx, 1f);
    }

    static void k_differentBarriers(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        if (context.localIdx < 2) {
            context.localBarrier();
        } else {
            context.localBarrier();
        }
        out.set(params.get(2) + context.globalIdx, 1f);
    }

    static void k_writesInput(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        x.set(params.get(1) + context.globalIdx, 1f);
    }

    static void k_readsUnwritten(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        int at = params.get(2) + context.globalIdx;
        out.set(at, out.get(at) + 1f);
    }

    static void k_uninitializedLocal(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(4);
        out.set(params.get(2) + context.globalIdx, tile[context.localIdx]);
    }

    static void k_uninitializedPrivate(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] sums = new float[2];
        sums[0] += 1f;
        out.set(params.get(2) + context.globalIdx, sums[0]);
    }

    static void k_privateOutOfBounds(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] values = new float[2];
        values[context.localIdx] = 1f;
        out.set(params.get(2) + context.globalIdx, values[context.localIdx]);
    }

    static void k_unlikeAllocation(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        float[] tile = context.allocateFloatLocalArray(context.localIdx < 2 ? 4 : 8);
        tile[context.localIdx] = 1f;
        out.set(params.get(2) + context.globalIdx, tile[context.localIdx]);
    }

    static void k_wrongLayout(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        out.set(params.get(3) + context.globalIdx, 1f);
    }

    static void k_divisionByZero(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        out.set(params.get(2) + context.globalIdx, 1f / (4 / context.localIdx));
    }

    /** Correct unless out is x. */
    static void k_reversed(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        int other = context.globalIdx - context.localIdx + 3 - context.localIdx;
        out.set(params.get(2) + context.globalIdx, x.get(params.get(1) + other));
    }

    /** Correct in place, too. */
    static void k_doubled(KernelContext context, FloatBuf x, FloatBuf out, IntBuf params) {
        out.set(params.get(2) + context.globalIdx, x.get(params.get(1) + context.globalIdx) * 2f);
    }
}
