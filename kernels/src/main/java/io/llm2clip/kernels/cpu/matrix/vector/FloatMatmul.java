package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.matrix.Section;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.matrix.f32.RowTiles;
import io.llm2clip.kernels.cpu.matrix.f32.TileOutput;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.RowPanels;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A matmul by machine code. Each element of a factor is packed once: of one factor before the tasks, of the other by the task that has its rows
 * or columns ({@link FloatGrid}). Within a task a group of panels of B stays in the L2 cache, while tiles of A go by, each meeting all of them.
 * An A that is in panels is read where it is. An output that goes there is finished in scratch memory, a unit of rows of a group of columns at a
 * time.
 */
final class FloatMatmul implements Launch {
    /** Most memory for factors that are shared. */
    private static final long SHARED_BYTES = 64L << 20;
    /** Between rows of sums, so that they are no power of two apart. */
    private static final long ROW_GAP = 64;

    private final Matmul op;
    private final long a;
    private final @Nullable TiledRows packed;
    private final PanelSource stored;
    private final FloatCode code;
    private final Workers workers;
    private final BlockEpilogue epilogue;
    private final FloatGrid grid;
    private final List<Section> sections;
    /** Where the output goes; null if by rows. */
    private final @Nullable TiledRows out;

    /** @param output the layout of the output; null if by rows */
    FloatMatmul(Matmul op, @Nullable RowPanels output, long[] addresses, FloatCode code, Workers workers) {
        this.op = op;
        this.code = code;
        this.workers = workers;
        a = addresses[0];
        RowPanels panels = op.panels();
        packed = panels == null ? null : TiledRows.of(panels, a);
        out = output == null ? null : TiledRows.of(output, addresses[addresses.length - 1]);
        stored = PanelSource.of(op.b(), addresses[1]);
        epilogue = new BlockEpilogue(op, addresses);
        grid = FloatGrid.of(op, stored.copies(), tile(op, code), workers.threads());
        long bytes = 4L * op.k();
        sections = Section.of(
                op,
                grid.unit(),
                MicroKernel.COLUMNS,
                grid.sharesA() && packed == null ? bytes : 0,
                grid.sharesB() ? bytes : 0,
                SHARED_BYTES);
    }

    /** Rows of a tile of A but the last. */
    static int tile(Matmul op, FloatCode code) {
        RowPanels panels = op.panels();
        return panels == null ? code.tiles(0, op.m(), op.k()).height() : panels.panelRows();
    }

    @Override
    public void run() {
        for (Section section : sections) {
            if (grid.sharesA() && packed == null) {
                workers.sharing(rows(section, 0).bytes(), memory -> {
                    SharedFactor.Rows rows = rows(section, memory);
                    rows.pack(workers);
                    run(section, rows.tiles, stored);
                });
            } else if (grid.sharesB()) {
                workers.sharing(columns(section, 0).bytes(), memory -> {
                    SharedFactor.Columns columns = columns(section, memory);
                    columns.pack(workers);
                    run(section, packed, columns);
                });
            } else {
                run(section, packed, stored);
            }
        }
    }

    private SharedFactor.Rows rows(Section section, long memory) {
        return new SharedFactor.Rows(section, op, a, grid, code, memory);
    }

    private SharedFactor.Columns columns(Section section, long memory) {
        return new SharedFactor.Columns(section, op, stored, grid.part(), memory);
    }

    private void run(Section section, @Nullable TiledRows rows, PanelSource panels) {
        int blocks = grid.tasks(section);
        double flops = 2.0 * grid.rows() * Math.min(grid.columns(), op.n()) * op.k();
        int together = Math.clamp((long) (FloatGrid.TASK_FLOPS / Math.max(1, flops)), 1, Math.max(1, blocks));
        workers.parallel(Math.ceilDiv(blocks, together), (task, worker) -> {
            int end = Math.min(blocks, (task + 1) * together);
            for (int block = task * together; block < end; block++) {
                new Block(grid.block(section, block), rows, panels, worker).compute();
            }
        });
    }

    /** A part of k of a group of columns of a block. */
    private record Step(int from, int k, int first, int columns) {}

    /** One block of one matmul's output. */
    private final class Block {
        final OutputBlock output;
        final @Nullable TiledRows rows;
        final PanelSource panels;
        final int worker;
        final int parts;
        final long call;
        final long madePanels;
        final long scratch;
        final long tiles;
        /** Where sums are that go to panels, and the bytes from one row of any sums to the next. */
        final long sums;

        final long sumRow;

        Block(OutputBlock output, @Nullable TiledRows rows, PanelSource panels, int worker) {
            this.output = output;
            this.rows = rows;
            this.panels = panels;
            this.worker = worker;
            parts = Math.max(1, Math.ceilDiv(op.k(), Math.max(1, grid.part())));
            int columns = Math.min(grid.group(), output.columns());
            long panelBytes = panels.copies() ? PackedB.bytes(grid.part(), columns) : 0;
            long whileMade = panels.scratchBytes(grid.part(), columns);
            long tileBytes = rows == null ? 4L * grid.part() * output.rows() : 0;
            sumRow = out == null ? op.n() * 4L : (rows == null ? output.columns() : columns) * 4L + ROW_GAP;
            int sumRows = parts == 1 ? Math.min(grid.unit(), output.rows()) : output.rows();
            long sumBytes = out == null ? 0 : sumRows * sumRow;
            call = workers.scratch(worker, FloatCode.CALL_BYTES + panelBytes + whileMade + tileBytes + sumBytes);
            madePanels = call + FloatCode.CALL_BYTES;
            scratch = madePanels + panelBytes;
            tiles = scratch + whileMade;
            sums = tiles + tileBytes;
        }

        /** A group has all parts of k one after the other, and so its sums in cache, unless the task packs A part by part. */
        void compute() {
            int groups = Math.ceilDiv(output.columns(), grid.group());
            for (int number = 0; number < parts * groups; number++) {
                Step step = step(number, groups);
                if (rows == null && step.first == 0) {
                    pack(step);
                }
                multiply(step);
            }
            if (out == null) {
                epilogue.apply(output, worker);
            }
        }

        private Step step(int number, int groups) {
            int from = (rows == null ? number / groups : number % parts) * grid.part();
            int first = (rows == null ? number % groups : number / parts) * grid.group();
            return new Step(
                    from,
                    Math.min(grid.part(), op.k() - from),
                    first,
                    Math.min(grid.group(), output.columns() - first));
        }

        private void pack(Step step) {
            MatrixOperand source = op.a();
            long first = a + source.index(output.batch(), output.row(), step.from) * 4;
            long stride = source.leadingDimension() * 4L;
            code.packRows(source.transposed(), first, stride, output.rows(), step.k, own(step), call);
        }

        /** What the task packs, which is one unit. */
        private RowTiles own(Step step) {
            return code.tiles(tiles, output.rows(), step.k);
        }

        /** All rows of the block by a group of columns. */
        private void multiply(Step step) {
            int batch = output.batch();
            int column = output.column() + step.first;
            PackedB group = panels.panels(batch, step.from, step.k, column, step.columns, madePanels, scratch);
            boolean begins = step.from == 0;
            boolean ends = step.from + step.k == op.k();
            for (int done = 0; done < output.rows(); done += grid.unit()) {
                int row = output.row() + done;
                int some = Math.min(grid.unit(), output.rows() - done);
                long c = sum(done, step);
                code.multiply(
                        rows == null ? own(step) : rows.at(batch, row, step.from),
                        some,
                        step.columns,
                        step.k,
                        group.address(),
                        group.panelBytes(),
                        new TileOutput(
                                c,
                                sumRow,
                                begins ? epilogue.addend(batch, row, column) : c,
                                begins ? epilogue.addendRow() : sumRow,
                                ends ? epilogue.read(batch, row, column) : 0,
                                op.n() * 4L),
                        call);
                if (out != null && ends) {
                    epilogue.apply(new OutputBlock(batch, row, some, column, step.columns), c, sumRow, worker);
                    code.packRows(false, c, sumRow, some, step.columns, out.at(batch, row, column), call);
                }
            }
        }

        /** Where the sums of a unit's rows are, {@code done} rows from the block's first. */
        private long sum(int done, Step step) {
            if (out == null) {
                return epilogue.output(output.batch(), output.row() + done, output.column() + step.first);
            }
            return sums + (parts == 1 ? 0 : done * sumRow) + (rows == null ? step.first * 4L : 0);
        }
    }
}
