package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;

/** A matmul in blocks: A's panels of a block are made once, then multiplied by one panel of B after the other. */
final class MachineMatmul implements Launch {
    private final Matmul op;
    private final long a;
    private final long b;
    private final MachineKernels kernels;
    private final Workers workers;
    private final BlockEpilogue epilogue;
    private final TaskGrid grid;
    private final int tasks;

    MachineMatmul(Matmul op, long[] addresses, MachineKernels kernels, Workers workers) {
        this.op = op;
        this.a = addresses[0];
        this.b = addresses[1];
        this.kernels = kernels;
        this.workers = workers;
        epilogue = new BlockEpilogue(op, addresses);
        grid = TaskGrid.of(op, kernels.rows(), kernels.columns(), workers.threads());
        tasks = Math.multiplyExact(op.batch(), Math.multiplyExact(grid.rowBlocks(), grid.columnBlocks()));
    }

    @Override
    public void run() {
        workers.parallel(tasks, (task, worker) -> {
            new Block(OutputBlock.of(op, grid.rows(), grid.columns(), grid.rowBlocks(), task), worker).compute();
        });
    }

    /** Panels of A of the same number of rows, one behind the other. */
    private record Panels(int rows, int count, int first, long call, long packed) {}

    /** One block of one matmul's output. */
    private final class Block {
        final OutputBlock output;
        final int worker;
        final PanelPacker packer;
        final Panels whole;
        final Panels last;
        final long packedB;

        Block(OutputBlock output, int worker) {
            this.output = output;
            this.worker = worker;
            int row = output.row();
            int rows = output.rows();
            int steps = Tiles.steps(Math.min(grid.k(), op.k()));
            // Panels as equal as can be, so that the last is not much work for few rows.
            int panelRows = Math.ceilDiv(rows, Math.ceilDiv(rows, kernels.rows()));
            int count = rows / panelRows;
            long bytesOfA = kernels.bytesOfA(rows, steps);
            long bytesOfB = op.b().packing() == null ? kernels.bytesOfB(steps) : 0;
            long scratch = workers.scratch(worker, kernels.scratchBytes() + 2 * PanelCall.BYTES + bytesOfA + bytesOfB);
            packer = kernels.packer(scratch);
            long calls = scratch + kernels.scratchBytes();
            packedB = calls + 2 * PanelCall.BYTES;
            long packedA = packedB + bytesOfB;
            whole = new Panels(panelRows, count, row, calls, packedA);
            int done = count * panelRows;
            last = new Panels(
                    rows - done,
                    done == rows ? 0 : 1,
                    row + done,
                    calls + PanelCall.BYTES,
                    packedA + kernels.bytesOfA(done, steps));
        }

        void compute() {
            int from = 0;
            do {
                int k = Math.min(grid.k(), op.k() - from);
                packA(whole, from, k);
                packA(last, from, k);
                for (int panel = 0; panel < output.columns(); panel += kernels.columns()) {
                    int width = Math.min(kernels.columns(), output.columns() - panel);
                    long panelOfB = panelOfB(from, k, output.column() + panel, width);
                    multiply(whole, panelOfB, from, k, panel, width);
                    multiply(last, panelOfB, from, k, panel, width);
                }
                from += k;
            } while (from < op.k());
            epilogue.apply(output, worker);
        }

        private void packA(Panels panels, int from, int k) {
            long panelBytes = kernels.bytesOfA(panels.rows, Tiles.steps(k));
            for (int panel = 0; panel < panels.count; panel++) {
                int first = panels.first + panel * panels.rows;
                packer.rows(op.a(), a, output.batch(), first, panels.rows, from, k, panels.packed + panel * panelBytes);
            }
        }

        private long panelOfB(int from, int k, int first, int width) {
            if (op.b().packing() == null) {
                packer.columns(op.b(), b, output.batch(), from, k, first, width, packedB);
                return packedB;
            }
            long panel = b + first / kernels.columns() * kernels.bytesOfB(Tiles.steps(op.k()));
            return panel + kernels.bytesOfB(from / Tiles.STEP);
        }

        private void multiply(Panels panels, long panelOfB, int from, int k, int panel, int width) {
            if (panels.count == 0) {
                return;
            }
            long call = panels.call;
            int steps = Tiles.steps(k);
            int column = output.column() + panel;
            long c = epilogue.output(output.batch(), panels.first, column);
            long cRow = op.n() * 4L;
            // Later parts of k are added to the sums of earlier ones.
            long add = from > 0 ? c : epilogue.addend(output.batch(), panels.first, column);
            long addRow = from > 0 ? cRow : epilogue.addendRow();
            if (panel == 0 || width < kernels.columns()) {
                PanelCall.shape(call, panels.rows, width);
            }
            PanelCall.set(call, PanelCall.A, panels.packed);
            PanelCall.set(call, PanelCall.A_PANEL, kernels.bytesOfA(panels.rows, steps));
            PanelCall.set(call, PanelCall.B, panelOfB);
            PanelCall.set(call, PanelCall.C, c);
            PanelCall.set(call, PanelCall.C_ROW, cRow);
            PanelCall.set(call, PanelCall.C_PANEL, panels.rows * cRow);
            PanelCall.set(call, PanelCall.ADD, add);
            PanelCall.set(call, PanelCall.ADD_ROW, addRow);
            PanelCall.set(call, PanelCall.ADD_PANEL, panels.rows * addRow);
            PanelCall.set(call, PanelCall.STEPS, steps);
            PanelCall.set(call, PanelCall.PANELS, panels.count);
            MachineFunction function = kernels.panel(panels.rows, width);
            function.call(call);
        }
    }
}
