package io.llm2clip.testkit;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** The kernel of {@link Cube}. */
final class CubeKernels {

    private CubeKernels() {}

    /** Params: elements. */
    static void k_cube(KernelContext context, FloatBuf x, IntBuf indices, FloatBuf factors, FloatBuf y, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            float value = x.get(params.get(1) + element);
            int index = indices.get(params.get(2) + element);
            y.set(params.get(4) + element, factors.get(params.get(3) + index) * value * value * value);
        }
    }
}
