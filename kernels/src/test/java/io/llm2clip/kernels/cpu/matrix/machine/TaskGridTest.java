package io.llm2clip.kernels.cpu.matrix.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.cpu.matrix.BlockPanels;
import io.llm2clip.kernels.cpu.matrix.CutMatmuls;
import io.llm2clip.kernels.operations.Matmul;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** How operands of any size are cut, with numbers that do not fit an int on the way. */
class TaskGridTest {
    @Property(tries = 2000)
    void blocksCoverTheOutput(
            @ForAll("matmuls") Matmul op,
            @ForAll("threads") int threads,
            @ForAll("panelRows") int panelRows,
            @ForAll boolean bytes) {
        int panelColumns = bytes ? BlockPanels.COLUMNS : Tiles.COLUMNS;
        TaskGrid grid = TaskGrid.of(op, panelRows, panelColumns, threads);
        CutMatmuls.requireCovered(op.m(), grid.rows(), grid.rowBlocks());
        CutMatmuls.requireCovered(op.n(), grid.columns(), grid.columnBlocks());
        assertThat(grid.columns() % panelColumns).isZero();
        assertThat(grid.k() % Tiles.STEP).isZero();
        assertThat(grid.k()).isBetween(Tiles.STEP, 2048);
        // A block of A is not much more than what stays in a cache.
        assertThat((long) grid.rows() * grid.k()).isLessThanOrEqualTo(512 * 1024);
    }

    /** What a sum's order depends on, it depends on k only. */
    @Property(tries = 300)
    void partsOfKDependOnKOnly(
            @ForAll("matmuls") Matmul op, @ForAll("threads") int threads, @ForAll("panelRows") int panelRows) {
        int k = TaskGrid.of(op, panelRows, Tiles.COLUMNS, threads).k();
        Matmul other = Matmul.dense(1, 7, 3, op.k(), false, true);
        assertThat(TaskGrid.of(other, 14, BlockPanels.COLUMNS, 1).k()).isEqualTo(k);
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
