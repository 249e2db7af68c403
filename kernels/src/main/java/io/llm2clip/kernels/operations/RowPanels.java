package io.llm2clip.kernels.operations;

/**
 * A layout of the first operand of a {@link Matmul}, rounded to bf16 in the order in which matrix units multiply it:
 * {@code [row panel][column / 32][part][row][32]}. The last panel has the rows that are left, the last step zeros beyond the columns, and
 * subnormal numbers are 0.
 *
 * @param rows rows of the matrix
 * @param columns its columns, k of the matmul
 * @param panelRows rows of a panel but the last
 * @param parts numbers that stand for an element: it, rounded, and for three products what rounding left of it, rounded, too
 */
public record RowPanels(int rows, int columns, int panelRows, int parts) implements PackedLayout {
    /** Columns of a step. */
    public static final int STEP = 32;
    /** Bytes of a row of a step. */
    public static final int ROW_BYTES = STEP * Short.BYTES;

    public RowPanels {
        Checks.require(rows > 0 && columns > 0, "RowPanels: a matrix", rows + " x " + columns);
        Checks.require(panelRows > 0 && panelRows <= rows, "RowPanels: panels of at most all rows", panelRows);
        Checks.require(parts == 1 || parts == 2, "RowPanels: 1 or 2 parts", parts);
    }

    /**
     * Panels as equal as can be, so that the last is not much work for few rows.
     *
     * @param most rows that a panel may have
     */
    public static RowPanels balanced(int rows, int columns, int most, int parts) {
        return new RowPanels(rows, columns, Math.ceilDiv(rows, Math.ceilDiv(rows, most)), parts);
    }

    /** Steps of a row. */
    public int steps() {
        return Math.ceilDiv(columns, STEP);
    }

    /** Rows of the panel that begins with a row. */
    public int rowsFrom(int first) {
        return Math.min(panelRows, rows - first);
    }

    /** Bytes before the panel of a row. */
    public long panel(int row) {
        return (long) row / panelRows * panelRows * parts * steps() * ROW_BYTES;
    }

    /** Bytes before a part of an element. */
    public long offset(int row, int column, int part) {
        int first = row / panelRows * panelRows;
        long rowOfPanel = ((long) column / STEP * parts + part) * rowsFrom(first) + (row - first);
        return panel(row) + rowOfPanel * ROW_BYTES + (long) column % STEP * Short.BYTES;
    }

    @Override
    public String unit() {
        return parts == 1 ? "tiles-bf16" : "tiles-bf16x3";
    }

    @Override
    public long bytes() {
        return (long) rows * parts * steps() * ROW_BYTES;
    }
}
