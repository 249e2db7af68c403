package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.matrix.Section;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A matmul by machine code. Each element of a factor is packed once: of one factor before the tasks, of the other by the task that has its rows
 * or columns ({@link FloatGrid}). Within a task a group of panels of B stays in the L2 cache, while tiles of A go by, each meeting all of them.
 */
final class FloatMatmul implements Launch {
    /** Most memory for factors that are shared. */
    private static final long SHARED_BYTES = 64L << 20;

    private final Matmul op;
    private final long a;
    private final PanelSource stored;
    private final FloatCode code;
    private final Workers workers;
    private final BlockEpilogue epilogue;
    private final FloatGrid grid;
    private final List<Section> sections;

    FloatMatmul(Matmul op, long[] addresses, FloatCode code, Workers workers) {
        this.op = op;
        this.code = code;
        this.workers = workers;
        a = addresses[0];
        stored = PanelSource.of(op.b(), addresses[1]);
        epilogue = new BlockEpilogue(op, addresses);
        grid = FloatGrid.of(op, stored.copies(), code.rows(), workers.threads());
        long bytes = 4L * op.k();
        sections = Section.of(
                op,
                grid.unit(),
                MicroKernel.COLUMNS,
                grid.sharesA() ? bytes : 0,
                grid.sharesB() ? bytes : 0,
                SHARED_BYTES);
    }

    @Override
    public void run() {
        for (Section section : sections) {
            if (grid.sharesA()) {
                workers.sharing(rows(section, 0).bytes(), memory -> {
                    SharedFactor.Rows rows = rows(section, memory);
                    rows.pack(workers);
                    run(section, rows, stored);
                });
            } else if (grid.sharesB()) {
                workers.sharing(columns(section, 0).bytes(), memory -> {
                    SharedFactor.Columns columns = columns(section, memory);
                    columns.pack(workers);
                    run(section, null, columns);
                });
            } else {
                run(section, null, stored);
            }
        }
    }

    private SharedFactor.Rows rows(Section section, long memory) {
        return new SharedFactor.Rows(section, op, a, grid.part(), grid.unit(), code, memory);
    }

    private SharedFactor.Columns columns(Section section, long memory) {
        return new SharedFactor.Columns(section, op, stored, grid.part(), memory);
    }

    private void run(Section section, SharedFactor.@Nullable Rows rows, PanelSource panels) {
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
        final SharedFactor.@Nullable Rows rows;
        final PanelSource panels;
        final int worker;
        final long call;
        final long madePanels;
        final long scratch;
        final long tiles;

        Block(OutputBlock output, SharedFactor.@Nullable Rows rows, PanelSource panels, int worker) {
            this.output = output;
            this.rows = rows;
            this.panels = panels;
            this.worker = worker;
            int columns = Math.min(grid.group(), output.columns());
            long panelBytes = panels.copies() ? PackedB.bytes(grid.part(), columns) : 0;
            long whileMade = panels.scratchBytes(grid.part(), columns);
            long tileBytes = rows == null ? 4L * grid.part() * output.rows() + Vectors.BYTES : 0;
            call = workers.scratch(worker, FloatCode.CALL_BYTES + panelBytes + whileMade + tileBytes);
            madePanels = call + FloatCode.CALL_BYTES;
            scratch = madePanels + panelBytes;
            tiles = scratch + whileMade;
        }

        /** A group has all parts of k one after the other, and so its sums in cache, unless the task packs A part by part. */
        void compute() {
            int parts = Math.max(1, Math.ceilDiv(op.k(), Math.max(1, grid.part())));
            int groups = Math.ceilDiv(output.columns(), grid.group());
            for (int step = 0; step < parts * groups; step++) {
                Step now = step(step, parts, groups);
                if (rows == null && now.first == 0) {
                    pack(now.from, now.k);
                }
                multiply(now);
            }
            epilogue.apply(output, worker);
        }

        private Step step(int number, int parts, int groups) {
            int from = (rows == null ? number / groups : number % parts) * grid.part();
            int first = (rows == null ? number % groups : number / parts) * grid.group();
            return new Step(
                    from,
                    Math.min(grid.part(), op.k() - from),
                    first,
                    Math.min(grid.group(), output.columns() - first));
        }

        private void pack(int from, int k) {
            MatrixOperand source = op.a();
            long first = a + source.index(output.batch(), output.row(), from) * 4;
            long stride = source.leadingDimension() * 4L;
            code.packRows(source.transposed(), first, stride, output.rows(), k, tiles, call);
        }

        /** All rows of the block by a group of columns. */
        private void multiply(Step step) {
            int batch = output.batch();
            int column = output.column() + step.first;
            PackedB group = panels.panels(batch, step.from, step.k, column, step.columns, madePanels, scratch);
            long cRow = op.n() * 4L;
            boolean begins = step.from == 0;
            for (int done = 0; done < output.rows(); done += grid.unit()) {
                int row = output.row() + done;
                long c = epilogue.output(batch, row, column);
                code.multiply(
                        rows == null ? tiles : rows.at(batch, row, step.from),
                        Math.min(grid.unit(), output.rows() - done),
                        step.columns,
                        step.k,
                        group.address(),
                        group.panelBytes(),
                        c,
                        cRow,
                        begins ? epilogue.addend(batch, row, column) : c,
                        begins ? epilogue.addendRow() : cRow,
                        call);
            }
        }
    }
}
