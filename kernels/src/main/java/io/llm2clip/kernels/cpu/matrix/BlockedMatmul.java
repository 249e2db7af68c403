package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;

/**
 * A matrix product in blocks: each strip of B is packed (where it is not already in order) and then used by all row tiles of
 * the block.
 *
 * <p>Training products are short in k, so what is copied matters: A is read in place where the machine has the
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
        panels = new StridedPanels(op.b(), addresses[1]);
        this.workers = workers;
        epilogue = new BlockEpilogue(op, addresses);
        blocks = Blocks.of(op, workers.threads());
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
                int block = unit / op.batch();
                new Block(unit % op.batch(), block % blocks.rowBlocks(), block / blocks.rowBlocks(), worker).compute();
            }
        });
    }

    /** One block of one product's output. */
    private final class Block {
        final int batch;
        final int worker;
        final int row;
        final int rows;
        final int column;
        final int columns;
        final long edge;
        final long packedB;
        final long packedA;

        Block(int batch, int rowBlock, int columnBlock, int worker) {
            this.batch = batch;
            this.worker = worker;
            row = rowBlock * blocks.rows();
            rows = Math.min(blocks.rows(), op.m() - row);
            column = columnBlock * blocks.columns();
            columns = Math.min(blocks.columns(), op.n() - column);
            long stripBytes = panels.scratchBytes(blocks.steps());
            long leftBytes = PackedA.scratchBytes(op.a().transposed(), blocks.rows(), blocks.steps());
            edge = workers.scratch(worker, Strip.TILE_BYTES + stripBytes + leftBytes);
            packedB = edge + Strip.TILE_BYTES;
            packedA = packedB + stripBytes;
        }

        void compute() {
            int from = 0;
            do {
                int steps = Math.min(blocks.steps(), op.k() - from);
                PackedA left = PackedA.of(
                        op.a().transposed(),
                        a + op.a().index(batch, row, from) * 4,
                        op.a().leadingDimension() * 4L,
                        rows,
                        steps,
                        packedA);
                for (int strip = 0; strip < columns; strip += Tile.COLUMNS) {
                    multiply(left, from, steps, strip);
                }
                from += steps;
            } while (from < op.k());
            epilogue.apply(batch, row, rows, column, columns, worker);
        }

        private void multiply(PackedA left, int from, int steps, int strip) {
            int width = Math.min(Tile.COLUMNS, columns - strip);
            PackedB right = panels.panel(batch, from, steps, column + strip, width, packedB);
            long c = epilogue.output(batch, row, column + strip);
            long cRow = op.n() * 4L;
            boolean first = from == 0;
            long add = first ? epilogue.addend(batch, row, column + strip) : c;
            long addRow = first ? epilogue.addendRow() : cRow;
            Strip.multiply(left, rows, width, steps, right.address(), right.step(), c, cRow, add, addRow, edge);
        }
    }
}
