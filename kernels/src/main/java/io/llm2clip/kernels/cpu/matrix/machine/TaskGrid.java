package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.operations.Matmul;

/**
 * How a matmul is cut: the output into {@code rowBlocks x columnBlocks}, k into parts. Neither changes a bit of it, as an element's sum
 * depends on k only.
 *
 * @param rows rows of a block
 * @param columns columns of a block, whole panels
 * @param k length of a partial sum, whole steps
 * @param rowBlocks blocks from top to bottom
 * @param columnBlocks blocks from left to right
 */
record TaskGrid(int rows, int columns, int k, int rowBlocks, int columnBlocks) {
    /** Longest partial sum: the panel of B of a kernel's call then stays in the L2 cache. */
    private static final int MAX_K = 2048;
    /** Elements of a block of A, which the kernel goes through for each panel of B: of half an L2 cache. */
    private static final int MAX_A = 256 * 1024;
    /** Work below which a block is not worth a task of its own. */
    private static final long TASK_FLOPS = 6_000_000;

    private static final int TASKS_PER_THREAD = 6;

    /**
     * Cuts a matmul.
     *
     * @param panelRows most rows of a panel of A
     * @param panelColumns columns of a panel of B
     */
    static TaskGrid of(Matmul op, int panelRows, int panelColumns, int threads) {
        int parts = Math.max(1, Math.ceilDiv(op.k(), MAX_K));
        int k = Tiles.steps(Math.ceilDiv(op.k(), parts)) * Tiles.STEP;
        int rowPanels = Math.max(1, Math.ceilDiv(op.m(), panelRows));
        int columnPanels = Math.max(1, Math.ceilDiv(op.n(), panelColumns));
        int rowBlocks = Math.ceilDiv(rowPanels, Math.max(1, MAX_A / (k * panelRows)));
        int columnBlocks = 1;
        long wanted = Math.min(
                op.flops() / Math.max(1, op.batch()) / TASK_FLOPS,
                Math.ceilDiv(TASKS_PER_THREAD * threads, Math.max(1, op.batch())));
        // Cutting columns packs A once more; cutting rows packs B once more, or reads it once more where it is packed.
        long columnCost = op.m();
        long rowCost = op.b().packing() == null ? op.n() : op.n() / 4;
        while ((long) rowBlocks * columnBlocks < wanted) {
            boolean rowsCut = rowBlocks < rowPanels;
            boolean columnsCut = columnBlocks < columnPanels;
            if (columnsCut && (!rowsCut || columnCost <= rowCost)) {
                columnBlocks++;
            } else if (rowsCut) {
                rowBlocks++;
            } else {
                break;
            }
        }
        int rows = Math.ceilDiv(rowPanels, rowBlocks) * panelRows;
        int columns = Math.ceilDiv(columnPanels, columnBlocks) * panelColumns;
        return new TaskGrid(rows, columns, k, Math.ceilDiv(op.m(), rows), Math.ceilDiv(op.n(), columns));
    }
}
