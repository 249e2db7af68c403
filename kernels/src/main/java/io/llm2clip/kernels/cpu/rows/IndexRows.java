package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Widening;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.IndexOp;

/** Rows addressed by indices. All indices are checked before anything is read or written through them. */
public final class IndexRows {
    /** Columns of a scatter that one worker owns. */
    private static final int OWNED_COLUMNS = 128;

    private IndexRows() {}

    public static Launch gather(IndexOp.Gather op, long[] addresses, Workers workers) {
        long rowBytes = (long) op.columns() * Float.BYTES;
        long tableRow = op.table().bytes((long) op.columns());
        long table = addresses[0];
        long index = addresses[1];
        long out = addresses[2];
        Ranges.Body copies = (from, to, worker) -> {
            for (long i = from; i < to; i++) {
                long row = Memory.getInt(index + i * Integer.BYTES);
                Widening.toFloats(op.table(), table + row * tableRow, 0, op.columns(), out + i * rowBytes);
            }
        };
        return () -> {
            check("Gather", "index", index, op.count(), 0, op.rows() - 1);
            Ranges.run(workers, op.count(), op.columns(), copies);
        };
    }

    /** A worker owns some columns and adds all rows in order, so that every sum has one order. */
    public static Launch scatterAdd(IndexOp.ScatterAdd op, long[] addresses, Workers workers) {
        long rowBytes = (long) op.columns() * Float.BYTES;
        long in = addresses[0];
        long index = addresses[1];
        long out = addresses[2];
        int owners = Math.ceilDiv(op.columns(), OWNED_COLUMNS);
        Ranges.Body zeros = (from, to, worker) -> Memory.ALL
                .asSlice(out + from * rowBytes, (to - from) * rowBytes)
                .fill((byte) 0);
        Ranges.Body sums = (from, to, worker) -> {
            int first = (int) from * OWNED_COLUMNS;
            int columns = (int) Math.min(op.columns(), to * OWNED_COLUMNS) - first;
            for (long i = 0; i < op.count(); i++) {
                long row = Memory.getInt(index + i * Integer.BYTES);
                long at = (long) first * Float.BYTES;
                RowMath.add(out + row * rowBytes + at, in + i * rowBytes + at, columns);
            }
        };
        return () -> {
            check("ScatterAdd", "index", index, op.count(), 0, op.rows() - 1);
            Ranges.run(workers, op.rows(), op.columns(), zeros);
            Ranges.run(workers, owners, (long) op.count() * Math.min(op.columns(), OWNED_COLUMNS), sums);
        };
    }

    /** Throws unless every index lies in {@code least .. most}. */
    static void check(String operation, String operand, long index, int count, int least, int most) {
        for (long i = 0; i < count; i++) {
            int value = Memory.getInt(index + i * Integer.BYTES);
            IndexException.require(operation, operand, i, value, least, most);
        }
    }
}
