package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;

/**
 * A matmul by the Vector API, in blocks: each panel of B is packed (where it is not in order already) and then used by all tiles of rows of the block.
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
        panels = PanelSource.of(op.b(), addresses[1]);
        epilogue = new BlockEpilogue(op, addresses);
        blocks = Blocks.of(op, panels.copies(), workers.threads());
        units = Math.multiplyExact(op.batch(), Math.multiplyExact(blocks.rowBlocks(), blocks.columnBlocks()));
        long unitFlops =
                Math.max(1, 2L * Math.min(blocks.rows(), op.m()) * Math.min(blocks.columns(), op.n()) * op.k());
        unitsPerTask = Math.clamp(Blocks.TASK_FLOPS / unitFlops, 1, Math.max(1, units));
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
        final long panel;
        final long scratch;
        final long packedA;

        Block(OutputBlock output, int worker) {
            this.output = output;
            this.worker = worker;
            int columns = MicroKernel.COLUMNS;
            long panelBytes = panels.copies() ? PackedB.bytes(blocks.k(), columns) : 0;
            long whileMade = panels.scratchBytes(blocks.k(), columns);
            long bytesOfA = PackedA.scratchBytes(output.rows(), blocks.k());
            edge = workers.scratch(worker, PanelMatmul.TILE_BYTES + panelBytes + whileMade + bytesOfA);
            panel = edge + PanelMatmul.TILE_BYTES;
            scratch = panel + panelBytes;
            packedA = scratch + whileMade;
        }

        void compute() {
            MatrixOperand source = op.a();
            int from = 0;
            do {
                int k = Math.min(blocks.k(), op.k() - from);
                long first = a + source.index(output.batch(), output.row(), from) * 4;
                PackedA part = PackedA.of(
                        source.transposed(), first, source.leadingDimension() * 4L, output.rows(), k, packedA);
                for (int column = 0; column < output.columns(); column += MicroKernel.COLUMNS) {
                    multiply(part, from, k, column);
                }
                from += k;
            } while (from < op.k());
            epilogue.apply(output, worker);
        }

        private void multiply(PackedA part, int from, int k, int first) {
            int width = Math.min(MicroKernel.COLUMNS, output.columns() - first);
            int column = output.column() + first;
            PackedB b = panels.panels(output.batch(), from, k, column, width, panel, scratch);
            long c = epilogue.output(output.batch(), output.row(), column);
            long cRow = op.n() * 4L;
            boolean begins = from == 0;
            long add = begins ? epilogue.addend(output.batch(), output.row(), column) : c;
            long addRow = begins ? epilogue.addendRow() : cRow;
            PanelMatmul.multiply(part, output.rows(), width, k, b.address(), c, cRow, add, addRow, edge);
        }
    }
}
