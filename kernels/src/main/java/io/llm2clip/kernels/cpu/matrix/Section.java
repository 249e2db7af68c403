package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.operations.Matmul;
import java.util.ArrayList;
import java.util.List;

/**
 * A part of a matmul whose panels are in memory at one time.
 *
 * @param batch the first of the matmuls
 * @param batches how many; one where there are panels of a part of its rows or columns only
 * @param row the first row of A
 * @param rows how many
 * @param column the first column of B
 * @param columns how many
 */
public record Section(int batch, int batches, int row, int rows, int column, int columns) {

    /**
     * The sections of a matmul.
     *
     * @param panelRows rows of a panel of A
     * @param panelColumns columns of a panel of B
     * @param bytesOfRow of a row of A, packed; 0 if it is packed already
     * @param bytesOfColumn of a column of B, packed; 0 if it is packed already
     * @param most bytes of a section, unless one panel of each takes more
     */
    public static List<Section> of(
            Matmul op, int panelRows, int panelColumns, long bytesOfRow, long bytesOfColumn, long most) {
        List<Section> sections = new ArrayList<>();
        long bytes = Math.max(1, op.m() * bytesOfRow + op.n() * bytesOfColumn);
        int batches = Math.clamp(most / bytes, 1, Math.max(1, op.batch()));
        int rows = op.m();
        int columns = op.n();
        if (bytes > most) {
            rows = bytesOfRow == 0 ? op.m() : whole(most / 2 / bytesOfRow, panelRows, op.m());
            columns = bytesOfColumn == 0 ? op.n() : whole(most / 2 / bytesOfColumn, panelColumns, op.n());
        }
        for (int batch = 0; batch < op.batch(); batch += batches) {
            for (long column = 0; column < op.n(); column += columns) {
                for (long row = 0; row < op.m(); row += rows) {
                    sections.add(new Section(
                            batch,
                            Math.min(batches, op.batch() - batch),
                            (int) row,
                            (int) Math.min(rows, op.m() - row),
                            (int) column,
                            (int) Math.min(columns, op.n() - column)));
                }
            }
        }
        return List.copyOf(sections);
    }

    /** Whole panels, at least one, of no more than there is. */
    private static int whole(long extent, int panel, int all) {
        return (int) Math.min(all, Math.max(1, extent / panel) * panel);
    }

    /** Of one of its matmuls. */
    public long flopsOfOne(int k) {
        return 2L * rows * columns * k;
    }
}
