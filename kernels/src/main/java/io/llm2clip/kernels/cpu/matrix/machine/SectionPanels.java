package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.Section;
import io.llm2clip.kernels.operations.Matmul;

/**
 * The panels of a section, of A and of B, unless the whole matrix is packed already, all of k: {@code [batch][panel]}. Panels have the same
 * number of rows or columns but for the last.
 *
 * @param panelRows of A
 * @param a the stored A, or its panels
 * @param b the stored B, or its panels
 * @param memory {@link #bytes} bytes
 */
record SectionPanels(Matmul op, MachineKernels kernels, Section section, int panelRows, long a, long b, long memory) {
    private static final int ALIGNMENT = 64;

    long bytes() {
        return bytesOfA() + (packedB() ? 0 : section.batches() * matrixOfB());
    }

    private boolean packedB() {
        return op.b().packing() != null;
    }

    private int steps() {
        return Tiles.steps(op.k());
    }

    private long bytesOfA() {
        return op.panels() == null ? Math.ceilDiv(section.batches() * matrixOfA(), ALIGNMENT) * ALIGNMENT : 0;
    }

    private long matrixOfA() {
        return kernels.bytesOfA(section.rows(), steps());
    }

    private long matrixOfB() {
        return columnPanels() * kernels.bytesOfB(steps());
    }

    /** Those that are to be made. */
    private int rowPanels() {
        return op.panels() == null ? Math.ceilDiv(section.rows(), panelRows) : 0;
    }

    private int columnPanels() {
        return Math.ceilDiv(section.columns(), kernels.columns());
    }

    /** How many panels are to be made. */
    int count() {
        return section.batches() * (rowPanels() + (packedB() ? 0 : columnPanels()));
    }

    /** Makes a panel. */
    void pack(int number, PanelPacker packer) {
        int batch = section.batch() + number % section.batches();
        int panel = number / section.batches();
        if (panel < rowPanels()) {
            int row = section.row() + panel * panelRows;
            int rows = Math.min(panelRows, section.row() + section.rows() - row);
            packer.rows(op.a(), a, batch, row, rows, 0, op.k(), ofA(batch, row));
        } else {
            int column = section.column() + (panel - rowPanels()) * kernels.columns();
            int columns = Math.min(kernels.columns(), section.column() + section.columns() - column);
            if (op.panelsOfB() == null) {
                packer.columns(op.b(), b, batch, 0, op.k(), column, columns, ofB(batch, column));
            } else {
                packer.columns(op.panelsOfB(), b, column, ofB(batch, column));
            }
        }
    }

    /** Where the panel of A that begins with a row is. */
    long ofA(int batch, int row) {
        if (op.panels() != null) {
            return a + op.panels().panel(row);
        }
        return memory + (batch - section.batch()) * matrixOfA() + kernels.bytesOfA(row - section.row(), steps());
    }

    /** Where the panel of B that begins with a column is. */
    long ofB(int batch, int column) {
        long panel = kernels.bytesOfB(steps());
        if (packedB()) {
            return b + column / kernels.columns() * panel;
        }
        long matrix = memory + bytesOfA() + (batch - section.batch()) * matrixOfB();
        return matrix + (column - section.column()) / kernels.columns() * panel;
    }
}
