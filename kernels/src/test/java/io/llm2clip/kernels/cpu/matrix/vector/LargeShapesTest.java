package io.llm2clip.kernels.cpu.matrix.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Matmul;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** How the largest operands are cut, and what scratch memory they take: numbers that do not fit an int on the way. */
class LargeShapesTest {
    /** Rounded up to whole tiles it is still an int. */
    private static final int MAX = Integer.MAX_VALUE - 64;

    /** Blocks cover the output, and none begins beyond it. */
    @Property(tries = 2000)
    void blocksCoverTheOutput(@ForAll("matmuls") Matmul op, @ForAll("threads") int threads) {
        Blocks blocks = Blocks.of(op, op.b().transposed(), threads);
        requireCovered(op.m(), blocks.rows(), blocks.rowBlocks());
        requireCovered(op.n(), blocks.columns(), blocks.columnBlocks());
        assertThat(blocks.k()).isBetween(1, op.k());
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

    @Test
    void scratchOfLongSequencesIsCountedInLongs() {
        int keys = 50_000_000;
        AttentionLayout layout = new AttentionLayout(new AttentionShape(1, 1, keys, 1, 1, 8, 1, false), keys);
        assertThat(layout.scoreBytes()).isGreaterThan(4L * AttentionLayout.BLOCK * keys);
        assertThat(layout.keyPanelBytes()).isGreaterThanOrEqualTo(4L * 8 * keys);
        assertThat(layout.packedABytes()).isGreaterThanOrEqualTo(4L * 8 * AttentionLayout.BLOCK);
    }

    @Test
    void moreHeadsThanTasksAreRefused() {
        assertThatThrownBy(() -> new AttentionShape(1 << 16, 0, 0, 1 << 16, 1, 0, 1, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Attention: at most 2147483647 heads of all sequences expected, found 4294967296.");
    }
}
