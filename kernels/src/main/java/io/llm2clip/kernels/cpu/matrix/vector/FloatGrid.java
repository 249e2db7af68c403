package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.matrix.Section;
import io.llm2clip.kernels.operations.Matmul;

/**
 * How a matmul by machine code is cut: into blocks of the output, each a task, of all rows or of all columns where there are enough of the
 * others. Then one factor is packed once, by the tasks, and the other once, before them, for all to share. It changes no bit of the output, as
 * an element's sum depends on k only.
 *
 * @param part length of a partial sum
 * @param tile rows of a tile of A
 * @param rows of a block, whole units
 * @param columns of a block, whole panels
 * @param unit rows of A that are packed one after the other
 * @param group columns of B that a unit meets before the next one does
 * @param sharesA whether A is packed before the tasks, unless it is packed already
 * @param sharesB whether B is
 */
record FloatGrid(int part, int tile, int rows, int columns, int unit, int group, boolean sharesA, boolean sharesB) {
    /** Bytes of a group: a third of an L2 cache. */
    private static final long GROUP_BYTES = 640 << 10;
    /** Bytes of a unit that a task packs: a quarter. */
    private static final long UNIT_BYTES = 512 << 10;
    /** Work below which a block is not worth a task of its own. */
    static final long TASK_FLOPS = 3_000_000;
    /** Reading an element of B costs as much as multiplying it with this many rows. */
    private static final int ROWS_PER_READ = 4;

    private static final int TASKS_PER_THREAD = 4;
    /** Rows of A for one column of B, from which on rows are cut rather than columns. */
    private static final int TALL = 2;
    /** Fewest tiles of a thread for which rows are cut where B is packed. */
    private static final int FEWEST_TILES = 8;
    /** What packing A for all threads costs: its bytes go through memory so often. */
    private static final int WAYS_OF_SHARED_A = 2;
    /** The most bytes of a unit then: about an L2 cache. */
    private static final long LARGE_UNIT_BYTES = 2304 << 10;
    /** Fewest columns of a block whose epilogue is evaluated: cut narrower, such matmuls took up to twice as long. */
    private static final int EVALUATED_COLUMNS = 512;

    /**
     * Cuts a matmul.
     *
     * @param copiesB whether panels of B are made
     * @param tileRows rows of A per tile
     */
    static FloatGrid of(Matmul op, boolean copiesB, int tileRows, int threads) {
        int part = Blocks.part(op.k());
        Extent rows = new Extent(op.m(), tileRows, part, UNIT_BYTES);
        Extent columns = new Extent(op.n(), MicroKernel.COLUMNS, part, GROUP_BYTES);
        double work = 2.0 * Math.max(op.m(), ROWS_PER_READ) * op.n() * op.k();
        long wanted =
                Math.min((long) (work / TASK_FLOPS), Math.ceilDiv(TASKS_PER_THREAD * threads, Math.max(1, op.batch())));
        if (wanted <= 1) {
            return of(part, rows.most, rows.most, columns.count, columns, tileRows, false, false);
        }
        if (!copiesB && packsItsOwn(op, rows.count, threads)) {
            int most = Math.max(1, (int) (rows.most * LARGE_UNIT_BYTES / UNIT_BYTES));
            int ofThread = Math.ceilDiv(rows.count, threads);
            int unit = Math.ceilDiv(ofThread, Math.ceilDiv(ofThread, most));
            return of(part, unit, unit, columns.count, columns, tileRows, false, false);
        }
        if (op.m() > (long) TALL * op.n()) {
            int unit = rows.balanced(wanted, rows.most, threads);
            int width = columns.divided(Math.ceilDiv(threads, rows.count));
            return of(part, unit, unit, width, columns, tileRows, false, copiesB);
        }
        int width = BlockEpilogue.isEvaluated(op)
                ? columns.wide(wanted, EVALUATED_COLUMNS / columns.grain, threads)
                : columns.balanced(wanted, columns.count, threads);
        int unit = Math.min(rows.most, rows.divided(wanted));
        int height = rows.divided(Math.ceilDiv(threads, columns.count));
        return of(part, height, unit, width, columns, tileRows, true, false);
    }

    /**
     * Whether a thread had better pack the rows that are its own: they stay in its L2 cache, where rows that are packed for all threads go
     * through memory, but then each thread reads all of B. Rows of an epilogue that is evaluated are to be finished before they leave the cache.
     */
    private static boolean packsItsOwn(Matmul op, int tiles, int threads) {
        return op.panels() == null
                && op.batch() == 1
                && tiles >= (long) FEWEST_TILES * threads
                && !BlockEpilogue.isEvaluated(op)
                && (threads - 1L) * op.n() <= (long) WAYS_OF_SHARED_A * op.m();
    }

    /**
     * In tiles and panels.
     *
     * @param height of a block, rounded up to units
     */
    private static FloatGrid of(
            int part, int height, int unit, int width, Extent columns, int tileRows, boolean sharesA, boolean sharesB) {
        int rows = unit * tileRows;
        int units = Math.min(Math.ceilDiv(height, unit), Integer.MAX_VALUE / rows);
        int group = Math.ceilDiv(width, Math.ceilDiv(width, columns.most));
        return new FloatGrid(
                part, tileRows, units * rows, width * columns.grain, rows, group * columns.grain, sharesA, sharesB);
    }

    /** Rows or columns, in tiles or panels. */
    private static final class Extent {
        final int grain;
        final int count;
        /** So many stay in cache. */
        final int most;

        Extent(int extent, int grain, int part, long bytes) {
            this.grain = grain;
            count = Math.max(1, Math.ceilDiv(extent, grain));
            most = Math.clamp(bytes / (4L * Math.max(1, part) * grain), 1, count);
        }

        int divided(long by) {
            return (int) Math.ceilDiv(count, Math.min(by, count));
        }

        /** How many a task takes, of at least so many tasks, for threads to have as equal a number as can be. */
        int balanced(long wanted, int most, int threads) {
            int tasks = Math.ceilDiv(count, Math.min(most, divided(wanted)));
            int best = Math.ceilDiv(count, tasks);
            for (int more = 1; more < threads; more++) {
                int some = Math.ceilDiv(count, tasks + more);
                if (ofOneThread(some, threads) < ofOneThread(best, threads)) {
                    best = some;
                }
            }
            return best;
        }

        /** As {@link #balanced}, but not narrower than so many unless a thread would have none. */
        int wide(long wanted, int least, int threads) {
            long most = Math.min(wanted, count / least);
            return divided(Math.max(threads, most - most % threads));
        }

        private long ofOneThread(int some, int threads) {
            return (long) Math.ceilDiv(Math.ceilDiv(count, some), threads) * some;
        }
    }

    int tasks(Section section) {
        int blocks = Math.multiplyExact(rowBlocks(section), Math.ceilDiv(section.columns(), columns));
        return Math.multiplyExact(section.batches(), blocks);
    }

    private int rowBlocks(Section section) {
        return Math.ceilDiv(section.rows(), rows);
    }

    /** The block of a number: the same of all matmuls, then the one below it, then the next from left to right. */
    OutputBlock block(Section section, int number) {
        int block = number / section.batches();
        int row = block % rowBlocks(section) * rows;
        int column = block / rowBlocks(section) * columns;
        return new OutputBlock(
                section.batch() + number % section.batches(),
                section.row() + row,
                Math.min(rows, section.rows() - row),
                section.column() + column,
                Math.min(columns, section.columns() - column));
    }
}
