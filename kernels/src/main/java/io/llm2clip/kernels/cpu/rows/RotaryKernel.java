package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.operations.Rotary;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/** Rotary position embedding, row by row, head by head. */
public final class RotaryKernel {
    private static final VectorShuffle<Float> NEIGHBOUR = VectorShuffle.fromOp(VectorMath.SPECIES, lane -> lane ^ 1);
    private static final VectorShuffle<Float> TWICE = VectorShuffle.fromOp(VectorMath.SPECIES, lane -> lane / 2);
    /** -1 for the first of a pair, 1 for the second. */
    private static final FloatVector SIGNS = signs();

    private RotaryKernel() {}

    public static Launch bind(Rotary op, long[] addresses, Workers workers) {
        return bind(op, addresses, new RowOutput(DType.F32, addresses[3], op.columns()), workers);
    }

    /** Writes to an output of its own, whose rows are all heads of a position. */
    public static Launch bind(Rotary op, long[] addresses, RowOutput out, Workers workers) {
        int pairs = op.headSize() / 2;
        long headBytes = (long) op.headSize() * Float.BYTES;
        float direction = op.inverse() ? -1 : 1;
        return out.launch(workers, op.rows(), 2L * op.columns(), (row, to, _) -> {
            long angles = row % op.positions() * pairs * Float.BYTES;
            long cos = addresses[1] + angles;
            long sin = addresses[2] + angles;
            long x = addresses[0] + row * op.columns() * Float.BYTES;
            for (int head = 0; head < op.heads(); head++) {
                long at = head * headBytes;
                if (op.interleaved()) {
                    interleaved(x + at, cos, sin, direction, 2 * pairs, to + at);
                } else {
                    halves(x + at, cos, sin, direction, pairs, to + at);
                }
            }
        });
    }

    private static void halves(long x, long cos, long sin, float direction, int pairs, long out) {
        long half = (long) pairs * Float.BYTES;
        for (int i = 0; i < pairs; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, pairs - i);
            long at = (long) i * Float.BYTES;
            FloatVector c = FloatVector.fromMemorySegment(SPECIES, ALL, cos + at, ORDER, mask);
            FloatVector s = FloatVector.fromMemorySegment(SPECIES, ALL, sin + at, ORDER, mask)
                    .mul(direction);
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, x + at, ORDER, mask);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, x + half + at, ORDER, mask);
            a.mul(c).sub(b.mul(s)).intoMemorySegment(ALL, out + at, ORDER, mask);
            a.mul(s).add(b.mul(c)).intoMemorySegment(ALL, out + half + at, ORDER, mask);
        }
    }

    private static void interleaved(long x, long cos, long sin, float direction, int size, long out) {
        for (int i = 0; i < size; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, size - i);
            VectorMask<Float> angles = SPECIES.indexInRange(0, Math.min(LANES, size - i) / 2);
            long at = (long) i * Float.BYTES;
            FloatVector c = FloatVector.fromMemorySegment(SPECIES, ALL, cos + at / 2, ORDER, angles)
                    .rearrange(TWICE);
            FloatVector s = FloatVector.fromMemorySegment(SPECIES, ALL, sin + at / 2, ORDER, angles)
                    .mul(direction)
                    .rearrange(TWICE)
                    .mul(SIGNS);
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, x + at, ORDER, mask);
            v.mul(c).add(v.rearrange(NEIGHBOUR).mul(s)).intoMemorySegment(ALL, out + at, ORDER, mask);
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
