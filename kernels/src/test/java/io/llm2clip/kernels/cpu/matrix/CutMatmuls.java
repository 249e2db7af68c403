package io.llm2clip.kernels.cpu.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.operations.Matmul;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Matmuls for properties of how work is cut into blocks, with sizes at which numbers on the way do not fit an int. */
public final class CutMatmuls {
    /** Rounded up to whole tiles it is still an int. */
    private static final int MAX = Integer.MAX_VALUE - 64;

    private CutMatmuls() {}

    public static Arbitrary<Matmul> all() {
        Arbitrary<Integer> extent = Arbitraries.oneOf(
                Arbitraries.integers().between(1, 5000), Arbitraries.integers().between(MAX - 50, MAX));
        return extent.tuple3()
                .flatMap(t -> Arbitraries.of(true, false)
                        .map(transposed -> Matmul.dense(1, t.get1(), t.get2(), t.get3(), transposed, !transposed)));
    }

    public static Arbitrary<Integer> threads() {
        return Arbitraries.of(1, 2, 64);
    }

    /** Blocks cover an extent, and none begins beyond it. */
    public static void requireCovered(int extent, int block, int blocks) {
        assertThat(block).isPositive();
        assertThat((long) block * blocks).isGreaterThanOrEqualTo(extent);
        assertThat((long) block * (blocks - 1)).isLessThan(extent);
    }
}
