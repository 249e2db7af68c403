package io.llm2clip.kernels.operations;

import java.util.Locale;

/**
 * A layout of the first operand of a {@link Matmul} in the order in which matrix units multiply it:
 * {@code [row panel][column / step][part][row][step]}. The last panel has the rows that are left, the last step zeros beyond the columns.
 *
 * @param rows rows of the matrix
 * @param columns its columns, k of the matmul
 * @param panelRows rows of a panel but the last
 * @param format what stands for an element
 */
public record RowPanels(int rows, int columns, int panelRows, Format format) implements PackedLayout {

    /** What stands for an element, and in which steps columns follow each other. */
    public enum Format {
        /** It, unchanged, a column after the other. */
        F32(1, 1, Float.BYTES),
        /** It, rounded to bf16; subnormal numbers are 0. */
        BF16(32, 1, Short.BYTES),
        /** It, rounded to bf16, and what rounding left of it, rounded, too, for three products. */
        BF16X3(32, 2, Short.BYTES),
        /** It, rounded to bf16, and what rounding left twice, which is all of it, for six products. */
        BF16X6(32, 3, Short.BYTES);

        private final int step;
        private final int parts;
        private final int bytes;

        Format(int step, int parts, int bytes) {
            this.step = step;
            this.parts = parts;
            this.bytes = bytes;
        }

        /** Columns of a step. */
        public int step() {
            return step;
        }

        /** Numbers that stand for an element. */
        public int parts() {
            return parts;
        }

        /** Bytes of each of them. */
        public int bytes() {
            return bytes;
        }

        /** Bytes of a row of a step. */
        public int rowBytes() {
            return step * bytes;
        }
    }

    public RowPanels {
        Checks.require(rows > 0 && columns > 0, "RowPanels: a matrix", rows + " x " + columns);
        Checks.require(panelRows > 0 && panelRows <= rows, "RowPanels: panels of at most all rows", panelRows);
    }

    /**
     * Panels as equal as can be, so that the last is not much work for few rows.
     *
     * @param most rows that a panel may have
     */
    public static RowPanels balanced(int rows, int columns, int most, Format format) {
        return new RowPanels(rows, columns, Math.ceilDiv(rows, Math.ceilDiv(rows, most)), format);
    }

    /** Steps of a row. */
    public int steps() {
        return Math.ceilDiv(columns, format.step);
    }

    /** Rows of the panel that begins with a row. */
    public int rowsFrom(int first) {
        return Math.min(panelRows, rows - first);
    }

    /** Bytes before the panel of a row. */
    public long panel(int row) {
        return row / panelRows * panelRows * rowBytes();
    }

    /** Bytes before a part of an element. */
    public long offset(int row, int column, int part) {
        int first = row / panelRows * panelRows;
        long rowOfPanel = ((long) column / format.step * format.parts + part) * rowsFrom(first) + (row - first);
        return panel(row) + rowOfPanel * format.rowBytes() + (long) column % format.step * format.bytes;
    }

    /** Bytes of a row in all steps. */
    private long rowBytes() {
        return (long) format.parts * steps() * format.rowBytes();
    }

    @Override
    public String unit() {
        return "tiles-" + format.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public long bytes() {
        return rows * rowBytes();
    }
}
