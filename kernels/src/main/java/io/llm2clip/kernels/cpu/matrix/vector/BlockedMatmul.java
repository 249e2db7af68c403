package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;

/**
 * A matmul in blocks: each panel of B is packed (where it is not in order already) and then used by all tiles of rows of the block.
 *
 * <p>Matmuls of training are short in k, so what is copied matters: A is read in place where the machine has the
 * registers for it, and tasks are cut so that little is packed twice.
 */
final class BlockedMatmul implements Launch {
    private final Matmul op;
    private final long a;
    private final PanelSource panels;
    private final Workers workers;
    private final BlockEpilogue epilogue;
    private final Blocks blocks;
    private final int units;
    private final int unitsPerTask;

    BlockedMatmul(Matmul op, long[] addresses, Workers workers) {
        this.op = op;
        this.a = addresses[0];
        this.workers = workers;
        panels = panels(op.b(), addresses[1]);
        epilogue = new BlockEpilogue(op, addresses);
        blocks = Blocks.of(op, panels.copies(), PackedA.tileRows(), workers.threads());
        units = Math.multiplyExact(op.batch(), Math.multiplyExact(blocks.rowBlocks(), blocks.columnBlocks()));
        long unitFlops =
                Math.max(1, 2L * Math.min(blocks.rows(), op.m()) * Math.min(blocks.columns(), op.n()) * op.k());
        unitsPerTask = Math.clamp(Blocks.TASK_FLOPS / unitFlops, 1, Math.max(1, units));
    }

    private static PanelSource panels(MatrixOperand b, long address) {
        Packing packing = b.packing();
        if (packing == null) {
            return new StridedPanels(b, address);
        }
        return packing.format().isQuantized()
                ? new QuantizedPanels(packing, address)
                : new PackedPanels(packing, address);
    }

    @Override
    public void run() {
        workers.parallel(Math.ceilDiv(units, unitsPerTask), (task, worker) -> {
            int start = task * unitsPerTask;
            int end = start + Math.min(unitsPerTask, units - start);
            for (int unit = start; unit < end; unit++) {
                new Block(OutputBlock.of(op, blocks.rows(), blocks.columns(), blocks.rowBlocks(), unit), worker)
                        .compute();
            }
        });
    }

    /** One block of one matmul's output. */
    private final class Block {
        final OutputBlock output;
        final int worker;
        final long edge;
        final long panelScratch;
        final long packedA;

        Block(OutputBlock output, int worker) {
            this.output = output;
            this.worker = worker;
            long panelBytes = panels.scratchBytes(blocks.k());
            long bytesOfA = PackedA.scratchBytes(output.rows(), blocks.k());
            edge = workers.scratch(worker, PanelMatmul.TILE_BYTES + panelBytes + bytesOfA);
            panelScratch = edge + PanelMatmul.TILE_BYTES;
            packedA = panelScratch + panelBytes;
        }

        void compute() {
            MatrixOperand source = op.a();
            int from = 0;
            do {
                int k = Math.min(blocks.k(), op.k() - from);
                long first = a + source.index(output.batch(), output.row(), from) * 4;
                PackedA part = PackedA.of(
                        source.transposed(), first, source.leadingDimension() * 4L, output.rows(), k, packedA);
                for (int panel = 0; panel < output.columns(); panel += MicroKernel.COLUMNS) {
                    multiply(part, from, k, panel);
                }
                from += k;
            } while (from < op.k());
            epilogue.apply(output, worker);
        }

        private void multiply(PackedA part, int from, int k, int panel) {
            int width = Math.min(MicroKernel.COLUMNS, output.columns() - panel);
            int column = output.column() + panel;
            PackedB b = panels.panel(output.batch(), from, k, column, width, panelScratch);
            long c = epilogue.output(output.batch(), output.row(), column);
            long cRow = op.n() * 4L;
            boolean first = from == 0;
            long add = first ? epilogue.addend(output.batch(), output.row(), column) : c;
            long addRow = first ? epilogue.addendRow() : cRow;
            PanelMatmul.multiply(part, output.rows(), width, k, b.address(), c, cRow, add, addRow, edge);
        }
    }
}
