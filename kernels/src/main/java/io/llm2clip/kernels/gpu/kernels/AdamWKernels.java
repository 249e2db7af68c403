package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** The optimizer's step. */
public final class AdamWKernels {

    private AdamWKernels() {}

    /** Params: elements. Scalars: learning rate scale, beta1, beta2, epsilon, weight decay. */
    static void k_adamW(
            KernelContext context,
            FloatBuf grad,
            FloatBuf rates,
            FloatBuf scale,
            FloatBuf parameter,
            FloatBuf mean,
            FloatBuf variance,
            IntBuf params,
            FloatBuf scalars) {
        int element = context.globalIdx;
        float factor = scale.get(params.get(3));
        // Not true of NaN.
        if (element < params.get(0) && KMath.abs(factor) < Float.POSITIVE_INFINITY) {
            int ratesAt = params.get(2);
            int parameterAt = params.get(4) + element;
            int meanAt = params.get(5) + element;
            int varianceAt = params.get(6) + element;
            float learningRate = rates.get(ratesAt) * scalars.get(0);
            float beta1 = scalars.get(1);
            float beta2 = scalars.get(2);
            float gradient = factor * grad.get(params.get(1) + element);
            float first = beta1 * mean.get(meanAt) + (1f - beta1) * gradient;
            float second = beta2 * variance.get(varianceAt) + (1f - beta2) * gradient * gradient;
            float step =
                    first / rates.get(ratesAt + 1) / (KMath.sqrt(second / rates.get(ratesAt + 2)) + scalars.get(3));
            float decayed = parameter.get(parameterAt) * (1f - learningRate * scalars.get(4));
            mean.set(meanAt, first);
            variance.set(varianceAt, second);
            parameter.set(parameterAt, decayed - learningRate * step);
        }
    }
}
