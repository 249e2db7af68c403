package io.llm2clip.kernels.cpu.matrix.vector;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.cpu.matrix.CutMatmuls;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.matrix.Section;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.RowPanels;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class FloatGridTest {
    private static final int TILE = 14;

    /** Whatever the size, units and groups are whole, and a block has all rows or all columns of a matmul that is large enough. */
    @Property(tries = 2000)
    void unitsAndGroupsAreWhole(@ForAll("matmuls") Matmul op, @ForAll("threads") int threads, @ForAll boolean copies) {
        FloatGrid grid = FloatGrid.of(op, copies, TILE, threads);
        assertThat(grid.part()).isBetween(1, op.k());
        assertThat(grid.rows()).isPositive();
        assertThat(grid.unit() % TILE).isZero();
        assertThat(grid.rows() % grid.unit()).isZero();
        assertThat(grid.columns() % MicroKernel.COLUMNS).isZero();
        assertThat(grid.group()).isPositive();
        assertThat(grid.group() % MicroKernel.COLUMNS).isZero();
    }

    /** Blocks of a section have each of its elements once. */
    @Property(tries = 300)
    void blocksCoverASection(
            @ForAll @IntRange(min = 1, max = 300) int m,
            @ForAll @IntRange(min = 1, max = 700) int n,
            @ForAll @IntRange(min = 1, max = 3000) int k,
            @ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll("threads") int threads,
            @ForAll boolean copies) {
        FloatGrid grid = FloatGrid.of(Matmul.dense(batch, m, n, k, false, false), copies, TILE, threads);
        Section section = new Section(0, batch, 0, m, 0, n);
        byte[] found = new byte[batch * m * n];
        for (int number = 0; number < grid.tasks(section); number++) {
            OutputBlock block = grid.block(section, number);
            for (int row = block.row(); row < block.row() + block.rows(); row++) {
                for (int column = block.column(); column < block.column() + block.columns(); column++) {
                    found[(block.batch() * m + row) * n + column]++;
                }
            }
        }
        byte[] once = new byte[found.length];
        Arrays.fill(once, (byte) 1);
        assertThat(found).isEqualTo(once);
    }

    /** The factor of which blocks have a part each is packed by them, the other one before. */
    @Test
    void theFactorThatAllBlocksReadIsShared() {
        FloatGrid wide = FloatGrid.of(Matmul.dense(1, 577, 1024, 4096, false, false), true, TILE, 2);
        assertThat(wide.sharesA()).isTrue();
        assertThat(wide.sharesB()).isFalse();
        assertThat(wide.rows()).isGreaterThanOrEqualTo(577);
        assertThat(1024 / wide.columns() % 2).isZero();
        FloatGrid tall = FloatGrid.of(Matmul.dense(1, 4096, 1024, 577, true, false), true, TILE, 2);
        assertThat(tall.sharesA()).isFalse();
        assertThat(tall.sharesB()).isTrue();
        assertThat(tall.columns()).isEqualTo(1024);
        FloatGrid small = FloatGrid.of(Matmul.dense(100, 64, 64, 64, false, true), true, TILE, 2);
        assertThat(small.sharesA() || small.sharesB()).isFalse();
    }

    /** Where B is packed, each thread packs as many rows as the others. */
    @Test
    void rowsAreDividedWhereTheOtherFactorIsPacked() {
        Matmul op = Matmul.dense(1, 577, 1024, 4096, false, true);
        FloatGrid grid = FloatGrid.of(op, false, TILE, 2);
        assertThat(grid.sharesA() || grid.sharesB()).isFalse();
        assertThat(grid.columns()).isEqualTo(1024);
        assertThat(grid.rows()).isEqualTo(grid.unit()).isEqualTo(21 * TILE);
        // So many that they stay in cache.
        FloatGrid many = FloatGrid.of(Matmul.dense(1, 4616, 4096, 1024, false, true), false, TILE, 2);
        assertThat(many.sharesA()).isFalse();
        assertThat(many.rows() * 1024 * 4L).isBetween(1L << 20, 5L << 19);
        // B is larger than what is saved.
        assertThat(FloatGrid.of(Matmul.dense(1, 577, 4096, 1024, false, true), false, TILE, 2)
                        .sharesA())
                .isTrue();
        // Fewer rows than are worth reading B once more.
        assertThat(FloatGrid.of(op, false, TILE, 6).sharesA()).isTrue();
        assertThat(FloatGrid.of(Matmul.dense(1, 128, 1024, 4096, false, true), false, TILE, 2)
                        .sharesA())
                .isTrue();
        // Others have packed them already.
        RowPanels panels = new RowPanels(577, 4096, TILE, RowPanels.Format.F32);
        assertThat(FloatGrid.of(op.withPanels(panels), false, TILE, 2).columns())
                .isLessThan(1024);
    }

    /** Columns of an epilogue that is evaluated are cut wide, and so that no thread waits for another that has one block more. */
    @Test
    void threadsHaveAsManyColumnsOfAnEvaluatedEpilogue() {
        Expression negative = new Expression(1, List.of(Expression.Instruction.unary(Opcode.NEGATE, 0)));
        for (int n : new int[] {576, 1024, 1536, 4096}) {
            Matmul op = Matmul.dense(1, 1024, n, 576, false, true).withEpilogue(new Epilogue(negative, List.of()));
            FloatGrid grid = FloatGrid.of(op, false, TILE, 2);
            assertThat(Math.ceilDiv(n, grid.columns()) % 2)
                    .as("blocks of %d", n)
                    .isZero();
            assertThat(grid.columns()).as("columns of %d", n).isGreaterThanOrEqualTo(Math.min(512, n / 2));
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
}
