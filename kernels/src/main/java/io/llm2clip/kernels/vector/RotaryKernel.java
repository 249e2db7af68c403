package io.llm2clip.kernels.vector;

import static io.llm2clip.kernels.vector.Vectors.LANES;
import static io.llm2clip.kernels.vector.Vectors.first;
import static io.llm2clip.kernels.vector.Vectors.load;
import static io.llm2clip.kernels.vector.Vectors.store;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/** Rotary position embedding, head by head. */
final class RotaryKernel {
    private static final VectorShuffle<Float> NEIGHBOUR = VectorShuffle.fromOp(VectorMath.SPECIES, lane -> lane ^ 1);
    private static final VectorShuffle<Float> TWICE = VectorShuffle.fromOp(VectorMath.SPECIES, lane -> lane / 2);
    /** -1 for the first of a pair, 1 for the second. */
    private static final FloatVector SIGNS = signs();

    private RotaryKernel() {}

    static Launch bind(KernelOp.Rotary op, long[] addresses, Workers workers) {
        int pairs = op.headSize() / 2;
        long headBytes = (long) op.headSize() * Float.BYTES;
        float direction = op.inverse() ? -1 : 1;
        long heads = (long) op.batch() * op.positions() * op.heads();
        return Ranges.launch(workers, heads, 2L * op.headSize(), (from, to, worker) -> {
            for (long head = from; head < to; head++) {
                long angles = head / op.heads() % op.positions() * pairs * Float.BYTES;
                long x = addresses[0] + head * headBytes;
                long out = addresses[3] + head * headBytes;
                if (op.interleaved()) {
                    interleaved(x, addresses[1] + angles, addresses[2] + angles, direction, 2 * pairs, out);
                } else {
                    halves(x, addresses[1] + angles, addresses[2] + angles, direction, pairs, out);
                }
            }
        });
    }

    private static void halves(long x, long cos, long sin, float direction, int pairs, long out) {
        long half = (long) pairs * Float.BYTES;
        for (int i = 0; i < pairs; i += LANES) {
            VectorMask<Float> mask = first(pairs - i);
            long at = (long) i * Float.BYTES;
            FloatVector c = load(cos + at, mask);
            FloatVector s = load(sin + at, mask).mul(direction);
            FloatVector a = load(x + at, mask);
            FloatVector b = load(x + half + at, mask);
            store(a.mul(c).sub(b.mul(s)), out + at, mask);
            store(a.mul(s).add(b.mul(c)), out + half + at, mask);
        }
    }

    private static void interleaved(long x, long cos, long sin, float direction, int size, long out) {
        for (int i = 0; i < size; i += LANES) {
            VectorMask<Float> mask = first(size - i);
            VectorMask<Float> angles = first(Math.min(LANES, size - i) / 2);
            long at = (long) i * Float.BYTES;
            FloatVector c = load(cos + at / 2, angles).rearrange(TWICE);
            FloatVector s = load(sin + at / 2, angles).mul(direction).rearrange(TWICE).mul(SIGNS);
            FloatVector v = load(x + at, mask);
            store(v.mul(c).add(v.rearrange(NEIGHBOUR).mul(s)), out + at, mask);
        }
    }

    private static FloatVector signs() {
        float[] signs = new float[LANES];
        for (int i = 0; i < LANES; i++) {
            signs[i] = i % 2 == 0 ? -1 : 1;
        }
        return FloatVector.fromArray(VectorMath.SPECIES, signs, 0);
    }
}
