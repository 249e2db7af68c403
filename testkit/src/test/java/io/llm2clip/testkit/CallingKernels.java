package io.llm2clip.testkit;

import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** A kernel that is correct but for what it calls. */
final class CallingKernels {

    private CallingKernels() {}

    static void k_calling(KernelContext context, IntBuf ints) {
        ForbiddenKernels.k_unsignedShift(context, ints);
    }
}
