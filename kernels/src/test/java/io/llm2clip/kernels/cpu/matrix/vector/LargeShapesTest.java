package io.llm2clip.kernels.cpu.matrix.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.cpu.matrix.CutMatmuls;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Matmul;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** How the largest operands are cut, and what scratch memory they take: numbers that do not fit an int on the way. */
class LargeShapesTest {
    /** Blocks cover the output, and none begins beyond it. */
    @Property(tries = 2000)
    void blocksCoverTheOutput(@ForAll("matmuls") Matmul op, @ForAll("threads") int threads) {
        Blocks blocks = Blocks.of(op, op.b().transposed(), threads);
        CutMatmuls.requireCovered(op.m(), blocks.rows(), blocks.rowBlocks());
        CutMatmuls.requireCovered(op.n(), blocks.columns(), blocks.columnBlocks());
        assertThat(blocks.k()).isBetween(1, op.k());
    }

    @Provide
    Arbitrary<Matmul> matmuls() {
        return CutMatmuls.all();
    }

    @Provide
    Arbitrary<Integer> threads() {
        return CutMatmuls.threads();
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
