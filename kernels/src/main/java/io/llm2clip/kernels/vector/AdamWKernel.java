package io.llm2clip.kernels.vector;

import static io.llm2clip.kernels.vector.Vectors.LANES;
import static io.llm2clip.kernels.vector.Vectors.first;
import static io.llm2clip.kernels.vector.Vectors.load;
import static io.llm2clip.kernels.vector.Vectors.store;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** The AdamW update in one pass over parameter and moments. */
final class AdamWKernel {

    private AdamWKernel() {}

    static Launch bind(KernelOp.AdamW op, long[] addresses, Workers workers) {
        return Ranges.launch(workers, op.elements(), 4, (from, to, worker) -> {
            long offset = from * Float.BYTES;
            step(
                    to - from,
                    addresses[0] + offset,
                    addresses[1],
                    addresses[2] + offset,
                    addresses[3] + offset,
                    addresses[4] + offset);
        });
    }

    private static void step(long count, long gradient, long hyper, long parameter, long mean, long variance) {
        float learningRate = hyper(hyper, 0);
        float beta1 = hyper(hyper, 1);
        float beta2 = hyper(hyper, 2);
        float epsilon = hyper(hyper, 3);
        float gradientScale = hyper(hyper, 7);
        float rest1 = (float) (1 - (double) beta1);
        float rest2 = (float) (1 - (double) beta2);
        float decay = (float) (1 - (double) learningRate * hyper(hyper, 4));
        float rate = (float) ((double) learningRate / hyper(hyper, 5));
        float correction2 = (float) (1 / (double) hyper(hyper, 6));
        for (long i = 0; i < count; i += LANES) {
            VectorMask<Float> mask = first((int) Math.min(LANES, count - i));
            long at = i * Float.BYTES;
            FloatVector g = load(gradient + at, mask).mul(gradientScale);
            FloatVector m = load(mean + at, mask).mul(beta1).add(g.mul(rest1));
            FloatVector v = load(variance + at, mask).mul(beta2).add(g.mul(g).mul(rest2));
            FloatVector step = m.mul(rate).div(v.mul(correction2).sqrt().add(epsilon));
            store(load(parameter + at, mask).mul(decay).sub(step), parameter + at, mask);
            store(m, mean + at, mask);
            store(v, variance + at, mask);
        }
    }

    private static float hyper(long hyper, int index) {
        return Memory.getFloat(hyper + (long) index * Float.BYTES);
    }
}
