package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.operations.Matmul;

/**
 * How a product is cut: the output into {@code rowBlocks x columnBlocks}, the sums into {@code steps}.
 *
 * @param rows rows of a block, whole tiles
 * @param columns columns of a block, whole tiles
 * @param steps length of a partial sum
 * @param rowBlocks blocks from top to bottom
 * @param columnBlocks blocks from left to right
 */
record Blocks(int rows, int columns, int steps, int rowBlocks, int columnBlocks) {
    /** Longest partial sum: a strip of B then stays in the first levels of cache. */
    private static final int MOST_STEPS = 640;
    /** Partial sums of equal length are whole blocks of quantized formats, so that all formats are summed in one order. */
    static final int K_GRAIN = 32;

    /** Size of a block of A, which is read once a strip of B: more rows use a packed strip longer, fewer stay closer in cache. */
    private static final int MOST_ELEMENTS_OF_A = 600_000;
    /** Work below which a block is not worth a task of its own. */
    static final long TASK_FLOPS = 3_000_000;

    private static final int TASKS_A_THREAD = 6;
    /** Fewest columns of a block whose epilogue is evaluated: cut narrower, such products took up to twice as long. */
    private static final int EVALUATED_COLUMNS = 512;

    static Blocks of(Matmul op, int threads) {
        boolean packsA = op.a().transposed() || !Tile.READS_IN_PLACE;
        int parts = Math.max(1, ceil(op.k(), MOST_STEPS));
        int steps = Math.min(op.k(), ceil(ceil(op.k(), parts), K_GRAIN) * K_GRAIN);
        int rowTiles = ceil(op.m(), Tile.ROWS);
        int columnTiles = ceil(op.n(), Tile.COLUMNS);
        int rowBlocks = ceil(rowTiles, Math.max(1, MOST_ELEMENTS_OF_A / (Math.max(1, steps) * Tile.ROWS)));
        int columnBlocks = 1;
        long product = 2L * op.m() * op.n() * op.k();
        long wanted = Math.min(product / TASK_FLOPS, ceil(TASKS_A_THREAD * threads, Math.max(1, op.batch())));
        // An epilogue is evaluated row by row, so its rows are to stay long enough to be worth a call for each
        // instruction.
        int leastTiles = BlockEpilogue.isEvaluated(op) ? EVALUATED_COLUMNS / Tile.COLUMNS : 1;
        // Cutting rows packs B once more, cutting columns packs A once more.
        while ((long) rowBlocks * columnBlocks < wanted) {
            boolean rowsCut = rowBlocks <= rowTiles / 4;
            boolean columnsCut = columnBlocks < columnTiles && ceil(columnTiles, columnBlocks + 1) >= leastTiles;
            if (!rowsCut && !columnsCut) {
                break;
            }
            int rowCost = op.b().transposed() ? op.n() : 0;
            int columnCost = packsA ? op.m() : 0;
            if (columnsCut && (!rowsCut || columnCost <= rowCost)) {
                columnBlocks++;
            } else {
                rowBlocks++;
            }
        }
        int rows = ceil(rowTiles, Math.max(1, rowBlocks)) * Tile.ROWS;
        int columns = ceil(columnTiles, columnBlocks) * Tile.COLUMNS;
        return new Blocks(rows, columns, steps, ceil(op.m(), rows), ceil(op.n(), columns));
    }

    private static int ceil(int dividend, int divisor) {
        return divisor == 0 ? 0 : Math.ceilDiv(dividend, divisor);
    }
}
