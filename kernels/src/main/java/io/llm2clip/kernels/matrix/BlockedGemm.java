package io.llm2clip.kernels.matrix;

import static io.llm2clip.kernels.vector.VectorMath.SPECIES;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.vector.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * A matrix product in blocks: each strip of B is packed (where it is not already in order) and then used by all row tiles of
 * the block.
 *
 * <p>Training products are short in k, so what is copied matters: A is read in place where the machine has the
 * registers for it, and tasks are cut so that little is packed twice.
 */
final class BlockedGemm implements Launch {
    private final KernelOp.Gemm op;
    private final long a;
    private final long b;
    private final Workers workers;
    private final Epilogue epilogue;
    private final boolean packsA;
    private final Blocks blocks;
    private final int units;
    private final int unitsPerTask;

    BlockedGemm(KernelOp.Gemm op, long[] addresses, Workers workers) {
        this.op = op;
        this.a = addresses[0];
        this.b = addresses[1];
        this.workers = workers;
        epilogue = new Epilogue(op, addresses);
        packsA = op.transposeA() || !Tile.READS_ROWS;
        blocks = Blocks.of(op, packsA, true, workers.threads());
        units = Math.multiplyExact(op.batch(), blocks.rowBlocks() * blocks.columnBlocks());
        long unitFlops = Math.max(1, 2L * Math.min(blocks.rows(), op.m()) * Math.min(blocks.columns(), op.n()) * op.k());
        unitsPerTask = Math.clamp(Blocks.TASK_FLOPS / unitFlops, 1, Math.max(1, units));
    }

    @Override
    public void run() {
        workers.parallel((units + unitsPerTask - 1) / unitsPerTask, (task, worker) -> {
            int end = Math.min(units, (task + 1) * unitsPerTask);
            for (int unit = task * unitsPerTask; unit < end; unit++) {
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
        final long tile;
        final long packedB;
        final long packedA;

        Block(int batch, int rowBlock, int columnBlock, int worker) {
            this.batch = batch;
            this.worker = worker;
            row = rowBlock * blocks.rows();
            rows = Math.min(blocks.rows(), op.m() - row);
            column = columnBlock * blocks.columns();
            columns = Math.min(blocks.columns(), op.n() - column);
            long tileBytes = Tile.ROWS * Tile.COLUMNS * 4L;
            long stripBytes = blocks.steps() * Tile.COLUMNS * 4L + Tile.BYTES;
            int packedRows = packsA ? blocks.rows() : Tile.ROWS;
            tile = workers.scratch(worker, tileBytes + stripBytes + 4L * blocks.steps() * packedRows + Tile.BYTES);
            packedB = tile + tileBytes;
            packedA = packedB + stripBytes;
        }

        void compute() {
            int from = 0;
            do {
                int steps = Math.min(blocks.steps(), op.k() - from);
                packA(from, steps);
                for (int strip = 0; strip < columns; strip += Tile.COLUMNS) {
                    multiply(from, steps, strip);
                }
                from += steps;
            } while (from < op.k());
            epilogue.apply(batch, row, rows, column, columns, worker);
        }

        /** Packs the rows that the tiles cannot read in place. */
        private void packA(int from, int steps) {
            int first = packsA ? 0 : rows - rows % Tile.ROWS;
            for (int r = first; r < rows; r += Tile.ROWS) {
                int lanes = Math.min(Tile.ROWS, rows - r);
                long to = packedA + 4L * steps * (r - first);
                if (op.transposeA()) {
                    Panels.copy(steps, lanes, Tile.ROWS, addressA(row + r, from), op.lda() * 4L, to);
                } else {
                    Panels.transpose(steps, lanes, Tile.ROWS, addressA(row + r, from), op.lda() * 4L, to);
                }
            }
        }

        private void multiply(int from, int steps, int strip) {
            int width = Math.min(Tile.COLUMNS, columns - strip);
            long source = addressB(from, column + strip);
            if (op.transposeB()) {
                Panels.transpose(steps, width, Tile.COLUMNS, source, op.ldb() * 4L, packedB);
            } else {
                Panels.copy(steps, width, Tile.COLUMNS, source, op.ldb() * 4L, packedB);
            }
            long cRow = op.n() * 4L;
            long addRow = from == 0 ? epilogue.addendRow() : cRow;
            for (int r = 0; r < rows; r += Tile.ROWS) {
                long c = epilogue.output(batch, row + r, column + strip);
                long add = from == 0 ? epilogue.addend(batch, row + r, column + strip) : c;
                int height = Math.min(Tile.ROWS, rows - r);
                if (height == Tile.ROWS && width == Tile.COLUMNS) {
                    tile(r, from, steps, c, cRow, add, addRow);
                } else {
                    tile(r, from, steps, tile, Tile.COLUMNS * 4L, 0, 0);
                    copyTile(height, width, c, cRow, add, addRow);
                }
            }
        }

        private void tile(int r, int from, int steps, long c, long cRow, long add, long addRow) {
            long bStep = Tile.COLUMNS * 4L;
            if (!packsA && r + Tile.ROWS <= rows) {
                Tile.rows(steps, addressA(row + r, from), op.lda() * 4L, packedB, bStep, c, cRow, add, addRow);
            } else {
                long panel = packsA ? packedA + 4L * steps * r : packedA;
                Tile.columns(steps, panel, Tile.ROWS * 4L, packedB, bStep, c, cRow, add, addRow);
            }
        }

        /** Stores the part of a tile that lies within the output. */
        private void copyTile(int height, int width, long c, long cRow, long add, long addRow) {
            for (int lane = 0; lane < width; lane += SPECIES.length()) {
                VectorMask<Float> mask = SPECIES.indexInRange(lane, width);
                for (int r = 0; r < height; r++) {
                    FloatVector sum = Tile.load(tile + (r * Tile.COLUMNS + lane) * 4L);
                    if (add != 0) {
                        sum = sum.add(Tile.load(add + r * addRow + lane * 4L, mask));
                    }
                    Tile.store(sum, c + r * cRow + lane * 4L, mask);
                }
            }
        }

        private long addressA(int i, int k) {
            long offset = op.transposeA() ? (long) k * op.lda() + i : (long) i * op.lda() + k;
            return a + (batch * op.batchStrideA() + offset) * 4;
        }

        private long addressB(int k, int j) {
            long offset = op.transposeB() ? (long) j * op.ldb() + k : (long) k * op.ldb() + j;
            return b + (batch * op.batchStrideB() + offset) * 4;
        }
    }
}
