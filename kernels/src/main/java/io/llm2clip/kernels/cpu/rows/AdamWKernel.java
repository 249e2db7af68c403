package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AdamWUpdate;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** The AdamW update in one pass over parameter and moments. */
public final class AdamWKernel {

    private AdamWKernel() {}

    public static Launch bind(AdamWUpdate op, long[] addresses, Workers workers) {
        return Ranges.launch(workers, op.elements(), 4, (from, to, worker) -> {
            float scale = Memory.getFloat(addresses[2]);
            if (Float.isFinite(scale)) {
                long offset = from * Float.BYTES;
                step(
                        op.hyper(),
                        addresses[1],
                        scale,
                        to - from,
                        addresses[0] + offset,
                        addresses[3] + offset,
                        addresses[4] + offset,
                        addresses[5] + offset);
            }
        });
    }

    private static void step(
            AdamWUpdate.Hyper hyper,
            long rates,
            float gradientScale,
            long count,
            long gradient,
            long parameter,
            long mean,
            long variance) {
        float learningRate = Memory.getFloat(rates) * hyper.learningRateScale();
        float beta1 = hyper.beta1();
        float beta2 = hyper.beta2();
        float epsilon = hyper.epsilon();
        float rest1 = (float) (1 - (double) beta1);
        float rest2 = (float) (1 - (double) beta2);
        float decay = (float) (1 - (double) learningRate * hyper.weightDecay());
        float rate = (float) ((double) learningRate / Memory.getFloat(rates + Float.BYTES));
        float correction2 = (float) (1 / (double) Memory.getFloat(rates + 2 * Float.BYTES));
        for (long i = 0; i < count; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, (int) Math.min(LANES, count - i));
            long at = i * Float.BYTES;
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, gradient + at, ORDER, mask)
                    .mul(gradientScale);
            FloatVector m = FloatVector.fromMemorySegment(SPECIES, ALL, mean + at, ORDER, mask)
                    .mul(beta1)
                    .add(g.mul(rest1));
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, variance + at, ORDER, mask)
                    .mul(beta2)
                    .add(g.mul(g).mul(rest2));
            FloatVector step = m.mul(rate).div(v.mul(correction2).sqrt().add(epsilon));
            FloatVector.fromMemorySegment(SPECIES, ALL, parameter + at, ORDER, mask)
                    .mul(decay)
                    .sub(step)
                    .intoMemorySegment(ALL, parameter + at, ORDER, mask);
            m.intoMemorySegment(ALL, mean + at, ORDER, mask);
            v.intoMemorySegment(ALL, variance + at, ORDER, mask);
        }
    }
}
