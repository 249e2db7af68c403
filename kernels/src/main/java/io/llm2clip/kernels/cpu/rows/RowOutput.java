package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.simd.ElementFormat;
import org.jspecify.annotations.Nullable;

/** Rows of an output of any type or layout that kernels write as f32: in place, or beside it to be rounded while they are in cache. */
public final class RowOutput {
    /** Rows that are rounded together, as what follows an element in a panel is that of the next row. */
    private static final int ROWS = 4;

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
        rows = new PerWorker<>(() -> new Scratch(ROWS * rowBytes()));
    }

    /** Rows that follow each other. */
    public RowOutput(DType dtype, long address, int columns) {
        this(dtype, address, null, columns);
    }

    /** Rows in panels. */
    public RowOutput(RowPacker packer, int columns) {
        this(DType.F32, 0, packer, columns);
    }

    /** What computes a row. */
    interface Row {
        void compute(long row, long to);
    }

    /** Writes rows {@code from .. to-1}. */
    void write(long from, long to, int worker, Row row) {
        if (inPlace()) {
            for (long r = from; r < to; r++) {
                row.compute(r, place(r));
            }
            return;
        }
        Scratch scratch = rows.get(worker);
        for (long first = from; first < to; first += ROWS) {
            int some = (int) Math.min(ROWS, to - first);
            for (int r = 0; r < some; r++) {
                row.compute(first + r, scratch.address() + r * rowBytes());
            }
            store(scratch.address(), first, some, worker);
        }
        scratch.keepAlive();
    }

    private void store(long from, long row, int some, int worker) {
        if (packer != null) {
            packer.pack(from, rowBytes(), Math.toIntExact(row), some, worker);
        } else {
            format.store(from, some * columns, place(row));
        }
    }

    private long rowBytes() {
        return (long) columns * Float.BYTES;
    }

    private boolean inPlace() {
        return packer == null && format == ElementFormat.WORD;
    }

    private long place(long row) {
        return address + row * columns * format.bytes();
    }
}
