package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.operations.Matmul;

/**
 * A block of one matmul's output.
 *
 * @param batch which matmul
 * @param row the first row
 * @param rows how many, fewer at the bottom
 * @param column the first column
 * @param columns how many, fewer at the right
 */
public record OutputBlock(int batch, int row, int rows, int column, int columns) {
    /**
     * The block of a number: the same block of all matmuls, then the one below it, then the next from left to right.
     *
     * @param rows of a block that is not at the bottom
     * @param columns of a block that is not at the right
     * @param rowBlocks blocks from top to bottom
     */
    public static OutputBlock of(Matmul op, int rows, int columns, int rowBlocks, int number) {
        int block = number / op.batch();
        int row = block % rowBlocks * rows;
        int column = block / rowBlocks * columns;
        return new OutputBlock(
                number % op.batch(), row, Math.min(rows, op.m() - row), column, Math.min(columns, op.n() - column));
    }
}
