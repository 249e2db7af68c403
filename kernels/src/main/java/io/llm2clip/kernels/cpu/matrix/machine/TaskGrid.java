package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.matrix.Section;

/**
 * How a section of a matmul is cut into blocks, each a task. It changes no bit of the output, as an element's sum depends on k only.
 *
 * @param rows rows of a block, whole panels
 * @param columns columns of a block, whole panels
 * @param rowBlocks blocks from top to bottom
 * @param columnBlocks blocks from left to right
 */
record TaskGrid(int rows, int columns, int rowBlocks, int columnBlocks) {
    /** Bytes of a block of A, which the kernel goes through for each panel of B: of a third of an L2 cache. */
    private static final long MAX_A_BYTES = 640 * 1024;
    /** Panels of a block even if they are more: meanwhile the next panel of B is fetched. */
    private static final long FEW_PANELS = 8;
    /** Work below which a block is not worth a task of its own. */
    private static final long TASK_FLOPS = 6_000_000;

    private static final int TASKS_PER_THREAD = 2;
    /** A block may be smaller by this part of it. */
    private static final int SLACK = 4;

    /** The parts of k, none longer than the most, as equal as can be, and of whole steps. */
    static int partOf(int k, int most) {
        int parts = Math.max(1, Math.ceilDiv(k, most));
        return Tiles.steps(Math.ceilDiv(k, parts)) * Tiles.STEP;
    }

    /**
     * Cuts a section.
     *
     * @param panelRows rows of a panel of A
     * @param panelColumns columns of a panel of B
     * @param panelBytes of a part of k of a panel of A
     */
    static TaskGrid of(Section section, int k, int panelRows, int panelColumns, long panelBytes, int threads) {
        int rowPanels = Math.max(1, Math.ceilDiv(section.rows(), panelRows));
        int columnPanels = Math.max(1, Math.ceilDiv(section.columns(), panelColumns));
        int rowBlocks = (int) Math.ceilDiv(rowPanels, Math.max(FEW_PANELS, MAX_A_BYTES / panelBytes));
        long wanted = Math.min(
                section.flopsOfOne(k) / TASK_FLOPS,
                Math.ceilDiv(TASKS_PER_THREAD * threads, Math.max(1, section.batches())));
        // Panels of B are read once more for each block of rows, those of A are in a cache.
        int columnBlocks = Math.clamp(Math.ceilDiv(wanted, rowBlocks), 1, columnPanels);
        rowBlocks = Math.clamp(Math.ceilDiv(wanted, columnBlocks), rowBlocks, rowPanels);
        int rows = Math.multiplyExact(
                balanced(rowPanels, Math.ceilDiv(rowPanels, rowBlocks), columnBlocks, threads), panelRows);
        int columns = Math.multiplyExact(Math.ceilDiv(columnPanels, columnBlocks), panelColumns);
        return new TaskGrid(
                rows, columns, Math.ceilDiv(section.rows(), rows), Math.ceilDiv(section.columns(), columns));
    }

    /** Panels of a block, the most or somewhat fewer: with which the greatest share that a thread has is least. */
    private static int balanced(int all, int most, int columnBlocks, int threads) {
        int best = most;
        for (int panels = most - 1; panels >= most - most / SLACK; panels--) {
            if (greatestShare(all, panels, columnBlocks, threads) < greatestShare(all, best, columnBlocks, threads)) {
                best = panels;
            }
        }
        return best;
    }

    /** The most panels that are in the tasks of one thread: as many in each, but in those of the last row of blocks. */
    private static long greatestShare(int all, int panels, int columnBlocks, int threads) {
        long blocks = Math.ceilDiv(all, panels);
        long tasks = blocks * columnBlocks;
        long missing = blocks * panels - all;
        long greatest = 0;
        for (int worker = 0; worker < threads; worker++) {
            long first = TaskLanes.first(tasks, worker, threads);
            long end = TaskLanes.first(tasks, worker + 1, threads);
            long last = end - Math.clamp(tasks - columnBlocks, first, end);
            greatest = Math.max(greatest, (end - first) * panels - last * missing);
        }
        return greatest;
    }

    int tasks(Section section) {
        return Math.multiplyExact(section.batches(), Math.multiplyExact(rowBlocks, columnBlocks));
    }

    /** The block of a number: from left to right, then the row below, then the next matmul, so that blocks in a row have an A in common. */
    OutputBlock block(Section section, int number) {
        int block = number % (rowBlocks * columnBlocks);
        int row = block / columnBlocks * rows;
        int column = block % columnBlocks * columns;
        return new OutputBlock(
                section.batch() + number / (rowBlocks * columnBlocks),
                section.row() + row,
                Math.min(rows, section.rows() - row),
                section.column() + column,
                Math.min(columns, section.columns() - column));
    }
}
