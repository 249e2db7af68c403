package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** The optimiser's step. */
public final class AdamWKernels {

    private AdamWKernels() {}

    /** Params: elements | grad, hyper, parameter, mean, variance. */
    static void k_adamW(KernelContext context, FloatBuf floats, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int hyper = params.get(2);
            int parameter = params.get(3) + element;
            int mean = params.get(4) + element;
            int variance = params.get(5) + element;
            float learningRate = floats.get(hyper);
            float beta1 = floats.get(hyper + 1);
            float beta2 = floats.get(hyper + 2);
            float gradient = floats.get(hyper + 7) * floats.get(params.get(1) + element);
            float first = beta1 * floats.get(mean) + (1f - beta1) * gradient;
            float second = beta2 * floats.get(variance) + (1f - beta2) * gradient * gradient;
            float step = first
                    / floats.get(hyper + 5)
                    / (KMath.sqrt(second / floats.get(hyper + 6)) + floats.get(hyper + 3));
            float decayed = floats.get(parameter) * (1f - learningRate * floats.get(hyper + 4));
            floats.set(mean, first);
            floats.set(variance, second);
            floats.set(parameter, decayed - learningRate * step);
        }
    }
}
