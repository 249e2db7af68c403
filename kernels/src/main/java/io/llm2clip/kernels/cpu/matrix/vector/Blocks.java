package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.operations.Matmul;

/**
 * How a matmul is cut: the output into {@code rowBlocks x columnBlocks}, k into parts.
 *
 * @param rows rows of a block, whole tiles
 * @param columns columns of a block, whole tiles
 * @param k length of a partial sum
 * @param rowBlocks blocks from top to bottom
 * @param columnBlocks blocks from left to right
 */
record Blocks(int rows, int columns, int k, int rowBlocks, int columnBlocks) {
    /** Longest partial sum: a panel of B then stays in the L2 cache, and the output is read and written few times. */
    private static final int MAX_K = 1024;
    /** Partial sums are whole blocks of quantized formats, so that all formats are summed in one order. */
    static final int K_GRAIN = 32;
    /** Size of a block of A, which is read once per panel of B, where panels are copied: it stays in the L2 cache. */
    private static final int MAX_A_BESIDE_COPIES = 250_000;
    /** The same where panels are widened to f32, which takes several times as long: more rows use a copy longer. */
    private static final int MAX_A_BESIDE_WIDENED = 700_000;
    /** Size of a block of A where panels of B are read in place: it stays in the L2 cache. */
    private static final int MAX_A = 150_000;
    /** Work below which a block is not worth a task of its own. */
    static final long TASK_FLOPS = 3_000_000;
    /** Reading an element of B costs as much as multiplying it with this many rows. */
    private static final int ROWS_PER_READ = 4;

    private static final int TASKS_PER_THREAD = 6;
    /** Fewest columns of a block whose epilogue is evaluated: cut narrower, such matmuls took up to twice as long. */
    private static final int EVALUATED_COLUMNS = 512;

    /**
     * Cuts a matmul.
     *
     * @param copiesB whether panels of B are copied for each block
     */
    static Blocks of(Matmul op, boolean copiesB, int threads) {
        boolean packsA = op.a().transposed() || !MicroKernel.READS_IN_PLACE;
        int k = part(op.k());
        int rowTiles = ceil(op.m(), MicroKernel.ROWS);
        int columnTiles = ceil(op.n(), MicroKernel.COLUMNS);
        int elementsOfA = copiesB ? besideCopies(op) : MAX_A;
        int rowBlocks = ceil(rowTiles, Math.max(1, elementsOfA / (Math.max(1, k) * MicroKernel.ROWS)));
        int columnBlocks = 1;
        long work = 2L * Math.max(op.m(), ROWS_PER_READ) * op.n() * op.k();
        long wanted = Math.min(work / TASK_FLOPS, ceil(TASKS_PER_THREAD * threads, Math.max(1, op.batch())));
        // An epilogue is evaluated row by row, so its rows are to stay long enough to be worth a call for each
        // instruction.
        int leastTiles = BlockEpilogue.isEvaluated(op) ? EVALUATED_COLUMNS / MicroKernel.COLUMNS : 1;
        // Cutting rows packs B once more, cutting columns packs A once more.
        while ((long) rowBlocks * columnBlocks < wanted) {
            boolean rowsCut = rowBlocks <= rowTiles / 4;
            boolean columnsCut = columnBlocks < columnTiles && ceil(columnTiles, columnBlocks + 1) >= leastTiles;
            if (!rowsCut && !columnsCut) {
                break;
            }
            // A copy costs about as much as reading panels four times.
            int rowCost = copiesB ? op.n() : op.n() / 4;
            int columnCost = packsA ? op.m() : 0;
            if (columnsCut && (!rowsCut || columnCost <= rowCost)) {
                columnBlocks++;
            } else {
                rowBlocks++;
            }
        }
        int rows = ceil(rowTiles, Math.max(1, rowBlocks)) * MicroKernel.ROWS;
        int columns = ceil(columnTiles, columnBlocks) * MicroKernel.COLUMNS;
        return new Blocks(rows, columns, k, ceil(op.m(), rows), ceil(op.n(), columns));
    }

    /** Length of partial sums; so many parts are about equal. */
    static int part(int k) {
        int parts = Math.max(1, ceil(k, MAX_K));
        return Math.min(k, ceil(ceil(k, parts), K_GRAIN) * K_GRAIN);
    }

    private static int besideCopies(Matmul op) {
        return op.b().format() == DType.F32 ? MAX_A_BESIDE_COPIES : MAX_A_BESIDE_WIDENED;
    }

    private static int ceil(int dividend, int divisor) {
        return divisor == 0 ? 0 : Math.ceilDiv(dividend, divisor);
    }
}
