package io.llm2clip.kernels.cpu.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.reference.PanelElements;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Results of attention in panels. */
public final class PackedResults {
    private static final int GUARD = 64;

    private PackedResults() {}

    /** Of heads of some sizes: padded and ragged, causal or not. */
    public static Arbitrary<AttentionShape> shapes(Integer... headSizes) {
        Arbitrary<Integer> rows = Arbitraries.integers().between(1, 100);
        Arbitrary<Integer> few = Arbitraries.integers().between(1, 3);
        Arbitrary<Integer> sizes = Arbitraries.of(headSizes);
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        return Combinators.combine(few, rows, rows, few, few, sizes, flag, flag)
                .as((batch, queries, keys, group, heads, size, causal, ragged) -> ragged
                        ? AttentionShape.ragged(batch, queries, group * heads, heads, size, 0.2f, causal)
                        : new AttentionShape(
                                batch, queries, causal ? queries : keys, group * heads, heads, size, 0.2f, causal));
    }

    /**
     * Checks that a unit writes the result in panels, and nothing beyond.
     *
     * @param addresses of the operands, the last of which is replaced
     * @param expected the result by rows
     */
    public static void check(
            MatrixUnit unit,
            AttentionOp.Attention op,
            RowPanels panels,
            long[] addresses,
            Workers workers,
            MemorySegment expected,
            Arena arena) {
        MemorySegment guarded = arena.allocate(panels.bytes() + 2 * GUARD, 64).fill((byte) 0x5A);
        MemorySegment found = guarded.asSlice(GUARD, panels.bytes());
        MemorySegment wanted = arena.allocate(panels.bytes(), 64);
        List<Integer> matrix = List.of(panels.rows(), panels.columns());
        Elementwise copy = Elementwise.copy(DType.F32, matrix, List.of(panels.columns(), 1));
        Reference.run(new PackedRows(copy, panels), new MemorySegment[] {expected, wanted});
        addresses[4] = found.address();
        assertThat(unit.writes(op, panels)).isTrue();
        unit.attention(op, panels, addresses, workers).run();
        PanelElements results = new PanelElements(panels, found);
        PanelElements right = new PanelElements(panels, wanted);
        for (int row = 0; row < panels.rows(); row++) {
            for (int column = 0; column < panels.columns(); column++) {
                assertThat(Float.compare(results.get(row, column), right.get(row, column)))
                        .as("row %d, column %d of %s as %s", row, column, op, panels)
                        .isZero();
            }
        }
        for (int i = 0; i < GUARD; i++) {
            assertThat(guarded.get(ValueLayout.JAVA_BYTE, i)).isEqualTo((byte) 0x5A);
            assertThat(guarded.get(ValueLayout.JAVA_BYTE, guarded.byteSize() - 1 - i))
                    .isEqualTo((byte) 0x5A);
        }
    }
}
