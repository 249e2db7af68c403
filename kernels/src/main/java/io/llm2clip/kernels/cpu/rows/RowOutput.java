package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.simd.ElementFormat;

/** Rows of an output of any type that kernels write as f32: in place, or beside it to be rounded while they are in cache. */
final class RowOutput {
    private final ElementFormat format;
    private final long address;
    private final int columns;
    private final PerWorker<Scratch> rows;

    RowOutput(DType dtype, long address, int columns) {
        format = ElementFormat.of(dtype);
        this.address = address;
        this.columns = columns;
        rows = new PerWorker<>(() -> new Scratch((long) columns * Float.BYTES));
    }

    /** Where a row is to be written. */
    long begin(long row, int worker) {
        return format == ElementFormat.WORD ? place(row) : rows.get(worker).address();
    }

    /** To be called when a row is written. */
    void end(long row, int worker) {
        if (format != ElementFormat.WORD) {
            Scratch scratch = rows.get(worker);
            format.store(scratch.address(), columns, place(row));
            scratch.keepAlive();
        }
    }

    private long place(long row) {
        return address + row * columns * format.bytes();
    }
}
