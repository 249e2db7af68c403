package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.ElementFormat;
import org.jspecify.annotations.Nullable;

/** Rows of an output of any type or layout that kernels write as f32: in place, or beside it to be stored while they are in cache. */
public final class RowOutput {
    /** Rows that are rounded together. */
    private static final int ROWS = 4;
    /** Between rows that are stored together, so that they are no power of two apart. */
    private static final long ROW_GAP = 64;

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
        rows = new PerWorker<>(() -> new Scratch(together() * rowBytes()));
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
        void compute(long row, long to, int worker);
    }

    /** A launch that writes so many rows, each costing as much as {@code cost} cheap elements. */
    Launch launch(Workers workers, long count, long cost, Row row) {
        int together = together();
        return Ranges.launch(workers, Math.ceilDiv(count, together), cost * together, (from, to, worker) -> {
            for (long group = from; group < to; group++) {
                long first = group * together;
                write(first, (int) Math.min(together, count - first), worker, row);
            }
        });
    }

    private void write(long first, int some, int worker, Row row) {
        if (inPlace()) {
            row.compute(first, place(first), worker);
            return;
        }
        Scratch scratch = rows.get(worker);
        for (int r = 0; r < some; r++) {
            row.compute(first + r, scratch.address() + r * rowBytes(), worker);
        }
        if (packer != null) {
            packer.pack(scratch.address(), rowBytes(), Math.toIntExact(first), some, worker);
        } else {
            format.store(scratch.address(), some * columns, place(first));
        }
        scratch.keepAlive();
    }

    /** How many rows are computed before they are stored. */
    private int together() {
        if (packer != null) {
            return packer.together();
        }
        return inPlace() ? 1 : ROWS;
    }

    private long rowBytes() {
        return (long) columns * Float.BYTES + (packer == null ? 0 : ROW_GAP);
    }

    private boolean inPlace() {
        return packer == null && format == ElementFormat.WORD;
    }

    private long place(long row) {
        return address + row * columns * format.bytes();
    }
}
