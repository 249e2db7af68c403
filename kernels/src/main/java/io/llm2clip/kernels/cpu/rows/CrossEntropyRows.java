package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.CrossEntropyOp;

/** Cross-entropy of rows of logits with integer targets, and its gradient. */
public final class CrossEntropyRows {

    private CrossEntropyRows() {}

    public static Launch loss(CrossEntropyOp.CrossEntropy op, long[] addresses, Workers workers) {
        int columns = op.columns();
        long logits = addresses[0];
        long target = addresses[1];
        long out = addresses[2];
        Ranges.Body rows = (from, to, worker) -> {
            for (long row = from; row < to; row++) {
                int column = Memory.getInt(target + row * Integer.BYTES);
                Memory.putFloat(
                        out + row * Float.BYTES,
                        column < 0 ? 0 : loss(logits + row * columns * Float.BYTES, columns, column));
            }
        };
        return () -> {
            IndexRows.check("CrossEntropy", "target", target, op.rows(), -1, columns - 1);
            Ranges.run(workers, op.rows(), 5L * columns, rows);
        };
    }

    private static float loss(long logits, int columns, int target) {
        float max = RowMath.max(logits, columns);
        double logSum = Math.log(RowMath.sumOfExp(logits, max, columns));
        // The difference first: both may be large, and the sum with the small logarithm would lose its digits.
        return (float) ((double) max - Memory.getFloat(logits + (long) target * Float.BYTES) + logSum);
    }

    public static Launch gradient(CrossEntropyOp.CrossEntropyGradient op, long[] addresses, Workers workers) {
        int columns = op.columns();
        long rowBytes = (long) columns * Float.BYTES;
        long target = addresses[1];
        Ranges.Body rows = (from, to, worker) -> {
            for (long row = from; row < to; row++) {
                long out = addresses[3] + row * rowBytes;
                int column = Memory.getInt(target + row * Integer.BYTES);
                if (column < 0) {
                    Memory.ALL.asSlice(out, rowBytes).fill((byte) 0);
                } else {
                    SoftmaxRows.softmax(addresses[0] + row * rowBytes, columns, out);
                    long at = out + (long) column * Float.BYTES;
                    Memory.putFloat(at, Memory.getFloat(at) - 1);
                    RowMath.scale(out, Memory.getFloat(addresses[2] + row * Float.BYTES), columns);
                }
            }
        };
        return () -> {
            IndexRows.check("CrossEntropyGradient", "target", target, op.rows(), -1, columns - 1);
            Ranges.run(workers, op.rows(), 7L * columns, rows);
        };
    }
}
