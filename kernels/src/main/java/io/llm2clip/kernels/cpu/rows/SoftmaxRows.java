package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.SoftmaxOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Softmax by rows and its gradient. */
public final class SoftmaxRows {

    private SoftmaxRows() {}

    public static Launch softmax(SoftmaxOp.Softmax op, long[] addresses, Workers workers) {
        int columns = op.columns();
        long rowBytes = (long) columns * Float.BYTES;
        long in = addresses[0];
        RowOutput out = new RowOutput(op.output(), addresses[1], columns);
        return out.launch(workers, op.rows(), 6L * columns, (row, to, _) -> softmax(in + row * rowBytes, columns, to));
    }

    static void softmax(long x, int columns, long out) {
        float sum = RowMath.exp(x, RowMath.max(x, columns), columns, out);
        RowMath.scale(out, 1 / sum, columns);
    }

    public static Launch gradient(SoftmaxOp.SoftmaxGradient op, long[] addresses, Workers workers) {
        int columns = op.columns();
        return Ranges.launch(workers, op.rows(), 3L * columns, (from, to, worker) -> {
            for (long row = from; row < to; row++) {
                long start = row * columns * Float.BYTES;
                gradient(addresses[0] + start, addresses[1] + start, columns, addresses[2] + start);
            }
        });
    }

    private static void gradient(long y, long dy, int columns, long out) {
        float dot = RowMath.dot(y, dy, columns);
        int i = 0;
        for (; i <= columns - LANES; i += LANES, y += BYTES, dy += BYTES, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, y, ORDER)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, dy, ORDER).sub(dot))
                    .intoMemorySegment(ALL, out, ORDER);
        }
        if (i < columns) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, columns - i);
            FloatVector difference =
                    FloatVector.fromMemorySegment(SPECIES, ALL, dy, ORDER, mask).sub(dot);
            FloatVector.fromMemorySegment(SPECIES, ALL, y, ORDER, mask)
                    .mul(difference)
                    .intoMemorySegment(ALL, out, ORDER, mask);
        }
    }
}
