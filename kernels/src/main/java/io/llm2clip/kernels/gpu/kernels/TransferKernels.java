package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;

/** What moves elements between arenas and the staging arrays that a host can read and write. */
public final class TransferKernels {

    private TransferKernels() {}

    /** Params: elements | from, to. */
    static void k_copyFloats(KernelContext context, FloatBuf source, FloatBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(2) + element, source.get(params.get(1) + element));
        }
    }

    /** Params: elements | from, to. */
    static void k_copyInts(KernelContext context, IntBuf source, IntBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(2) + element, source.get(params.get(1) + element));
        }
    }

    /** Params: elements | from, to. */
    static void k_copyHalves(KernelContext context, ShortBuf source, ShortBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(2) + element, source.get(params.get(1) + element));
        }
    }

    /**
     * Zero in one element of each arena. The stores are under no condition, which makes compilers take the arenas for outputs, and so
     * allocate them without copying anything in. Params: | element of the f32, the i32, the 16-bit arena.
     */
    static void k_touch(KernelContext context, FloatBuf floats, IntBuf ints, ShortBuf halves, IntBuf params) {
        floats.set(params.get(0), 0f);
        ints.set(params.get(1), 0);
        halves.set(params.get(2), (short) 0);
    }
}
