package io.llm2clip.kernels.vector;

import static io.llm2clip.kernels.vector.Vectors.BYTES;
import static io.llm2clip.kernels.vector.Vectors.LANES;
import static io.llm2clip.kernels.vector.Vectors.load;
import static io.llm2clip.kernels.vector.Vectors.store;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Layer and root-mean-square normalisation. */
final class NormKernels {

    private NormKernels() {}

    static Launch layerNorm(KernelOp.LayerNorm op, long[] addresses, Workers workers) {
        int columns = op.columns();
        return Ranges.launch(workers, op.rows(), 3L * columns, (from, to, worker) -> {
            for (long row = from; row < to; row++) {
                long start = row * columns * Float.BYTES;
                long x = addresses[0] + start;
                float mean = RowMath.sum(x, columns) / columns;
                float inverse = inverseDeviation(x, mean, columns, op.epsilon());
                layerNorm(x, mean, inverse, addresses[1], addresses[2], columns, addresses[3] + start);
            }
        });
    }

    static Launch rmsNorm(KernelOp.RmsNorm op, long[] addresses, Workers workers) {
        int columns = op.columns();
        return Ranges.launch(workers, op.rows(), 2L * columns, (from, to, worker) -> {
            for (long row = from; row < to; row++) {
                long start = row * columns * Float.BYTES;
                long x = addresses[0] + start;
                rmsNorm(x, inverseDeviation(x, 0, columns, op.epsilon()), addresses[1], columns, addresses[2] + start);
            }
        });
    }

    /** {@code 1 / sqrt(mean((x - mean)^2) + epsilon)}. */
    static float inverseDeviation(long x, float mean, int columns, float epsilon) {
        return (float) (1 / Math.sqrt(RowMath.sumOfSquares(x, mean, columns) / columns + epsilon));
    }

    private static void layerNorm(long x, float mean, float inverse, long weight, long bias, int columns, long out) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES, x += BYTES, weight += BYTES, bias += BYTES, out += BYTES) {
            FloatVector normalized = load(x).sub(mean).mul(inverse);
            store(normalized.fma(load(weight), load(bias)), out);
        }
        if (i < columns) {
            VectorMask<Float> mask = Vectors.first(columns - i);
            FloatVector normalized = load(x, mask).sub(mean).mul(inverse);
            store(normalized.fma(load(weight, mask), load(bias, mask)), out, mask);
        }
    }

    private static void rmsNorm(long x, float inverse, long weight, int columns, long out) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES, x += BYTES, weight += BYTES, out += BYTES) {
            store(load(x).mul(inverse).mul(load(weight)), out);
        }
        if (i < columns) {
            VectorMask<Float> mask = Vectors.first(columns - i);
            store(load(x, mask).mul(inverse).mul(load(weight, mask)), out, mask);
        }
    }
}
