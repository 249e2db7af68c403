package io.llm2clip.kernels.cpu.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.CodeSpaces;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Normalizations in machine code against the reference, on the emulated processor and on this one if it has such vectors. */
class NormProgramTest {
    /** What is around a row, which nobody may write to. */
    private static final int MARGIN = 32;

    private static final float CANARY = 12345.678f;
    private static final float EPSILON = 1e-5f;

    @Property(tries = 300)
    void aRowIsWhatItsReferenceIs(
            @ForAll VectorWidth width,
            @ForAll @IntRange(min = 1, max = 300) int columns,
            @ForAll boolean centered,
            @ForAll boolean inPlace,
            @ForAll long seed) {
        Random random = new Random(seed);
        for (CodeSpace space : CodeSpaces.of(width)) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment x = row(columns, random, 3, arena);
                MemorySegment weight = row(columns, random, 1, arena);
                MemorySegment bias = row(columns, random, -2, arena);
                MemorySegment expected = arena.allocate(columns * 4L, 64);
                KernelOp op =
                        centered ? new NormOp.LayerNorm(1, columns, EPSILON) : new NormOp.RmsNorm(1, columns, EPSILON);
                Reference.run(
                        op,
                        centered
                                ? new MemorySegment[] {x, weight, bias, expected}
                                : new MemorySegment[] {x, weight, expected});
                MemorySegment out = inPlace ? x : row(columns, random, 0, arena);
                MemorySegment call = arena.allocate(NormCall.BYTES, 64);
                NormCall.prepare(call.address(), width, columns, EPSILON);
                NormCall.set(call.address(), x.address(), weight.address(), bias.address(), out.address());
                space.install("norm", new NormProgram(width, centered).encode()).call(call.address());
                check(out, expected, columns);
            }
        }
    }

    private static void check(MemorySegment out, MemorySegment expected, int columns) {
        MemorySegment all =
                MemorySegment.ofAddress(out.address() - MARGIN * 4L).reinterpret((columns + 2L * MARGIN) * Float.BYTES);
        for (int i = 0; i < columns + 2 * MARGIN; i++) {
            float found = all.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            int column = i - MARGIN;
            if (column < 0 || column >= columns) {
                assertThat(found).as("beside the row, at %d", column).isEqualTo(CANARY);
            } else {
                float wanted = expected.getAtIndex(ValueLayout.JAVA_FLOAT, column);
                assertThat((double) found)
                        .as("column %d of %d", column, columns)
                        .isCloseTo(wanted, within(2e-5 * (1 + Math.abs(wanted))));
            }
        }
    }

    /** Numbers around a mean, with canaries on both sides. */
    private static MemorySegment row(int columns, Random random, float mean, Arena arena) {
        MemorySegment all = arena.allocate((columns + 2L * MARGIN) * Float.BYTES, 64);
        for (int i = 0; i < columns + 2 * MARGIN; i++) {
            boolean inside = i >= MARGIN && i < MARGIN + columns;
            all.setAtIndex(ValueLayout.JAVA_FLOAT, i, inside ? mean + (float) random.nextGaussian() : CANARY);
        }
        return all.asSlice(MARGIN * 4L, columns * 4L);
    }
}
