package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.RowPanels;

/** Makes panels of parts of matrices. Whole steps are written, with zeros beyond the matrix. */
sealed interface PanelPacker permits Bf16Packer, BytePacker {

    /**
     * A panel of A, of all its rows.
     *
     * @param from the stored matrix
     */
    void rows(MatrixOperand a, long from, int batch, int row, int rows, int k, int length, long to);

    /** A panel of B. */
    void columns(MatrixOperand b, long from, int batch, int k, int length, int column, int columns, long to);

    /** A panel of a B that is in panels of A, of all k. */
    void columns(RowPanels b, long from, int column, long to);
}
