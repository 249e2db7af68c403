package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.simd.ElementFormat;
import org.jspecify.annotations.Nullable;

/** Rows of an output of any type or layout that kernels write as f32: in place, or beside it to be rounded while they are in cache. */
public final class RowOutput {
    private final ElementFormat format;
    private final long address;
    private final @Nullable RowPacker packer;
    private final int columns;
    private final PerWorker<Scratch> rows;

    private RowOutput(DType dtype, long address, @Nullable RowPacker packer, int columns) {
        format = ElementFormat.of(dtype);
        this.address = address;
        this.packer = packer;
        this.columns = columns;
        rows = new PerWorker<>(() -> new Scratch((long) columns * Float.BYTES));
    }

    /** Rows that follow each other. */
    public RowOutput(DType dtype, long address, int columns) {
        this(dtype, address, null, columns);
    }

    /** Rows in panels. */
    public RowOutput(RowPacker packer, int columns) {
        this(DType.F32, 0, packer, columns);
    }

    /** Where a row is to be written. */
    long begin(long row, int worker) {
        return inPlace() ? place(row) : rows.get(worker).address();
    }

    /** To be called when a row is written. */
    void end(long row, int worker) {
        if (inPlace()) {
            return;
        }
        Scratch scratch = rows.get(worker);
        if (packer != null) {
            packer.pack(scratch.address(), (long) columns * Float.BYTES, Math.toIntExact(row), 1, worker);
        } else {
            format.store(scratch.address(), columns, place(row));
        }
        scratch.keepAlive();
    }

    private boolean inPlace() {
        return packer == null && format == ElementFormat.WORD;
    }

    private long place(long row) {
        return address + row * columns * format.bytes();
    }
}
