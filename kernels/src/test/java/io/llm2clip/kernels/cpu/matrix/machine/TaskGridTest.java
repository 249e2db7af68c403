package io.llm2clip.kernels.cpu.matrix.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.cpu.matrix.BlockPanels;
import io.llm2clip.kernels.cpu.matrix.CutMatmuls;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.matrix.Section;
import io.llm2clip.kernels.operations.Matmul;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** How operands of any size are cut, with numbers that do not fit an int on the way. */
class TaskGridTest {
    private static final long PANEL_BYTES = 64 * 1024;

    @Property(tries = 2000)
    void blocksCoverASection(
            @ForAll("matmuls") Matmul op,
            @ForAll("threads") int threads,
            @ForAll("panelRows") int panelRows,
            @ForAll boolean bytes) {
        int panelColumns = bytes ? BlockPanels.COLUMNS : Tiles.COLUMNS;
        Section section = new Section(0, 1, 0, op.m(), 0, op.n());
        TaskGrid grid = TaskGrid.of(section, op.k(), panelRows, panelColumns, PANEL_BYTES, threads);
        CutMatmuls.requireCovered(op.m(), grid.rows(), grid.rowBlocks());
        CutMatmuls.requireCovered(op.n(), grid.columns(), grid.columnBlocks());
        assertThat(grid.columns() % panelColumns).isZero();
        assertThat(grid.rows() % panelRows).isZero();
        // A block of A is not more than what stays in a cache.
        assertThat(grid.rows() / panelRows * PANEL_BYTES).isLessThanOrEqualTo(1 << 20);
        OutputBlock last = grid.block(section, grid.rowBlocks() * grid.columnBlocks() - 1);
        assertThat(last.row() + last.rows()).isEqualTo(op.m());
        assertThat(last.column() + last.columns()).isEqualTo(op.n());
    }

    /** Of 145 panels 10 in a block would be 70 for one thread and 75 for the other; 9 are 72 and 73. */
    @Example
    void threadsHaveAsMuch() {
        assertThat(rowsOfBlocks(4616, 32)).isEqualTo(9 * 32);
        assertThat(rowsOfBlocks(577, 31)).isEqualTo(10 * 31);
        assertThat(rowsOfBlocks(1024, 32)).isEqualTo(8 * 32);
    }

    private static int rowsOfBlocks(int m, int panelRows) {
        Section section = new Section(0, 1, 0, m, 0, 4096);
        return TaskGrid.of(section, 1024, panelRows, Tiles.COLUMNS, PANEL_BYTES, 2)
                .rows();
    }

    @Property(tries = 300)
    void partsOfKAreWholeStepsThatStayInACache(@ForAll("matmuls") Matmul op) {
        int part = TaskGrid.partOf(op.k(), 1024);
        assertThat(part % Tiles.STEP).isZero();
        assertThat(part).isBetween(Tiles.STEP, 1024);
    }

    /** Every element of the output is in one section, and sections are whole panels that fit, unless one panel does not. */
    @Property(tries = 500)
    void sectionsCoverTheOutput(
            @ForAll @IntRange(min = 0, max = 5) int batch,
            @ForAll @IntRange(min = 1, max = 300) int m,
            @ForAll @IntRange(min = 1, max = 300) int n,
            @ForAll @IntRange(min = 1, max = 40) int bytesOfRow,
            @ForAll @IntRange(min = 0, max = 40) int bytesOfColumn,
            @ForAll @IntRange(min = 1, max = 30_000) int most) {
        int panelRows = 7;
        int panelColumns = 16;
        int[][] covered = new int[batch][m * n];
        List<Section> sections = Section.of(
                Matmul.dense(batch, m, n, 5, false, true), panelRows, panelColumns, bytesOfRow, bytesOfColumn, most);
        for (Section section : sections) {
            assertThat(section.row() % panelRows).isZero();
            assertThat(section.column() % panelColumns).isZero();
            long rows = section.rows() <= panelRows ? 0 : section.rows();
            long columns = section.columns() <= panelColumns ? 0 : section.columns();
            assertThat((rows * bytesOfRow + columns * bytesOfColumn)
                            * (rows == 0 || columns == 0 ? 1 : section.batches()))
                    .isLessThanOrEqualTo(most);
            for (int b = section.batch(); b < section.batch() + section.batches(); b++) {
                for (int row = section.row(); row < section.row() + section.rows(); row++) {
                    for (int column = section.column(); column < section.column() + section.columns(); column++) {
                        covered[b][row * n + column]++;
                    }
                }
            }
        }
        for (int[] one : covered) {
            assertThat(one).containsOnly(1);
        }
    }

    @Provide
    Arbitrary<Matmul> matmuls() {
        return CutMatmuls.all();
    }

    @Provide
    Arbitrary<Integer> threads() {
        return CutMatmuls.threads();
    }

    @Provide
    Arbitrary<Integer> panelRows() {
        return Arbitraries.of(4, 12, 13, 14, 32);
    }
}
