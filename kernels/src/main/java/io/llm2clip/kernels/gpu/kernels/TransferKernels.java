package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;

/** What moves elements between arenas and the staging arrays that a host can read and write. */
public final class TransferKernels {

    private TransferKernels() {}

    /** Params: elements. */
    static void k_copyFloats(KernelContext context, FloatBuf source, FloatBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(2) + element, source.get(params.get(1) + element));
        }
    }

    /** Params: elements. */
    static void k_copyInts(KernelContext context, IntBuf source, IntBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(2) + element, source.get(params.get(1) + element));
        }
    }

    /** Params: elements. */
    static void k_copyHalves(KernelContext context, ShortBuf source, ShortBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(2) + element, source.get(params.get(1) + element));
        }
    }

    /**
     * Zero in one element. The store is under no condition, which makes compilers take the arena for an output, and so allocate it
     * without copying anything in.
     */
    static void k_touchFloats(KernelContext context, FloatBuf arena, IntBuf params) {
        arena.set(params.get(0), 0f);
    }

    /** As {@link #k_touchFloats}. */
    static void k_touchInts(KernelContext context, IntBuf arena, IntBuf params) {
        arena.set(params.get(0), 0);
    }

    /** As {@link #k_touchFloats}. */
    static void k_touchHalves(KernelContext context, ShortBuf arena, IntBuf params) {
        arena.set(params.get(0), (short) 0);
    }
}
