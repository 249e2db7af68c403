package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** The optimizer's step. */
public final class AdamWKernels {

    private AdamWKernels() {}

    /** Params: elements. */
    static void k_adamW(
            KernelContext context,
            FloatBuf grad,
            FloatBuf hyper,
            FloatBuf parameter,
            FloatBuf mean,
            FloatBuf variance,
            IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int options = params.get(2);
            int parameterAt = params.get(3) + element;
            int meanAt = params.get(4) + element;
            int varianceAt = params.get(5) + element;
            float learningRate = hyper.get(options);
            float beta1 = hyper.get(options + 1);
            float beta2 = hyper.get(options + 2);
            float gradient = hyper.get(options + 7) * grad.get(params.get(1) + element);
            float first = beta1 * mean.get(meanAt) + (1f - beta1) * gradient;
            float second = beta2 * variance.get(varianceAt) + (1f - beta2) * gradient * gradient;
            float step = first
                    / hyper.get(options + 5)
                    / (KMath.sqrt(second / hyper.get(options + 6)) + hyper.get(options + 3));
            float decayed = parameter.get(parameterAt) * (1f - learningRate * hyper.get(options + 4));
            mean.set(meanAt, first);
            variance.set(varianceAt, second);
            parameter.set(parameterAt, decayed - learningRate * step);
        }
    }
}
