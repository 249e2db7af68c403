package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.matrix.f32.RowTiles;
import io.llm2clip.kernels.operations.RowPanels;

/**
 * Rows of matrices in panels of f32, which are tiles of all k, or of all columns where they are an output.
 *
 * @param panels the layout of each matrix
 * @param address of the first one
 * @param batch which it is
 * @param row the row that is its first
 */
record TiledRows(RowPanels panels, long address, int batch, int row) {

    /** A matrix. */
    static TiledRows of(RowPanels panels, long address) {
        return new TiledRows(panels, address, 0, 0);
    }

    /** The tiles from a row on, with which one begins, and from a column on. */
    RowTiles at(int ofBatch, int ofRow, int column) {
        long first = address + (ofBatch - batch) * panels.bytes() + panels.panel(ofRow - row);
        return new RowTiles(first, panels.panelRows(), panels.panel(panels.panelRows()), column);
    }

    long bytes(int batches) {
        return batches * panels.bytes();
    }
}
