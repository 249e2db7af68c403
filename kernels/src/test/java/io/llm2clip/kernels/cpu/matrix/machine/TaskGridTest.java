package io.llm2clip.kernels.cpu.matrix.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.operations.Matmul;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** How operands of any size are cut, with numbers that do not fit an int on the way. */
class TaskGridTest {
    /** Rounded up to whole panels it is still an int. */
    private static final int MAX = Integer.MAX_VALUE - 64;

    @Property(tries = 2000)
    void blocksCoverTheOutput(
            @ForAll("matmuls") Matmul op, @ForAll("threads") int threads, @ForAll("panelRows") int panelRows) {
        TaskGrid grid = TaskGrid.of(op, panelRows, threads);
        requireCovered(op.m(), grid.rows(), grid.rowBlocks());
        requireCovered(op.n(), grid.columns(), grid.columnBlocks());
        assertThat(grid.columns() % Tiles.COLUMNS).isZero();
        assertThat(grid.k() % Tiles.STEP).isZero();
        assertThat(grid.k()).isBetween(Tiles.STEP, 2048);
        // A block of A is not much more than what stays in a cache.
        assertThat((long) grid.rows() * grid.k()).isLessThanOrEqualTo(512 * 1024);
    }

    /** What a sum's order depends on, it depends on k only. */
    @Property(tries = 300)
    void partsOfKDependOnKOnly(
            @ForAll("matmuls") Matmul op, @ForAll("threads") int threads, @ForAll("panelRows") int panelRows) {
        int k = TaskGrid.of(op, panelRows, threads).k();
        Matmul other = Matmul.dense(1, 7, 3, op.k(), false, true);
        assertThat(TaskGrid.of(other, 14, 1).k()).isEqualTo(k);
    }

    private static void requireCovered(int extent, int block, int blocks) {
        assertThat(block).isPositive();
        assertThat((long) block * blocks).isGreaterThanOrEqualTo(extent);
        assertThat((long) block * (blocks - 1)).isLessThan(extent);
    }

    @Provide
    Arbitrary<Matmul> matmuls() {
        Arbitrary<Integer> extent = Arbitraries.oneOf(
                Arbitraries.integers().between(1, 5000), Arbitraries.integers().between(MAX - 50, MAX));
        return extent.tuple3()
                .flatMap(t -> Arbitraries.of(true, false)
                        .map(transposed -> Matmul.dense(1, t.get1(), t.get2(), t.get3(), transposed, !transposed)));
    }

    @Provide
    Arbitrary<Integer> threads() {
        return Arbitraries.of(1, 2, 64);
    }

    @Provide
    Arbitrary<Integer> panelRows() {
        return Arbitraries.of(13, 14, 32);
    }
}
