package io.llm2clip.kernels.cpu.machine.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.CodeSpaces;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.ExpressionArbitraries;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.GenerationMode;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Programs of either width over any number of elements against the reference, on the emulated processor and on this one if it has such vectors. */
class ExpressionProgramTest {
    /** What is around the elements, which nobody may write to. */
    private static final int MARGIN = 32;

    private static final float CANARY = 12345.678f;

    @Property(tries = 300)
    void resultsAreThoseOfTheReference(
            @ForAll("expressions") Expression expression,
            @ForAll @IntRange(max = 100) int count,
            @ForAll @Size(4) List<Boolean> scalar,
            @ForAll boolean inPlace,
            @ForAll long seed) {
        List<Boolean> scalars = new ArrayList<>(scalar.subList(0, expression.inputs()));
        boolean overwrites = inPlace && !scalars.isEmpty();
        if (overwrites) {
            scalars.set(0, false);
        }
        check(expression, scalars, count, overwrites, seed);
    }

    @Provide
    Arbitrary<Expression> expressions() {
        return Arbitraries.integers()
                .between(0, 4)
                .flatMap(ExpressionArbitraries::expressions)
                .filter(expression -> ExpressionAssembly.encodes(expression, VectorWidth.AVX2, 1));
    }

    /** Sums of so many constants at once that either width has registers for one vector only, the narrower one not for all. */
    @Property(generation = GenerationMode.EXHAUSTIVE)
    void vectorsThatAreNotSideBySide(@ForAll @IntRange(min = 4, max = 20) int constants) {
        List<Instruction> instructions = new ArrayList<>();
        for (int i = 0; i < constants; i++) {
            instructions.add(Instruction.constant(i + 0.5f));
        }
        for (int i = 0; i < constants; i++) {
            instructions.add(Instruction.binary(Opcode.ADD, i == 0 ? 0 : instructions.size(), 1 + i));
        }
        check(new Expression(1, instructions), List.of(false), 77, false, constants);
    }

    private static void check(Expression expression, List<Boolean> scalars, int count, boolean inPlace, long seed) {
        Random random = new Random(seed);
        try (Arena arena = Arena.ofConfined()) {
            List<List<Integer>> strides = new ArrayList<>();
            MemorySegment[] operands = new MemorySegment[scalars.size() + 1];
            for (int input = 0; input < scalars.size(); input++) {
                int elements = scalars.get(input) ? 1 : count;
                strides.add(List.of(scalars.get(input) ? 0 : 1));
                operands[input] = padded(elements, arena);
                for (int e = 0; e < elements; e++) {
                    operands[input].setAtIndex(ValueLayout.JAVA_FLOAT, e, (float) random.nextGaussian());
                }
            }
            MemorySegment expected = arena.allocate(Math.max(count, 1) * 4L, 64);
            operands[scalars.size()] = expected;
            if (count > 0) {
                Reference.run(new Elementwise(expression, List.of(count), strides), operands);
            }
            List<MemorySegment> results = new ArrayList<>();
            for (VectorWidth width : VectorWidth.values()) {
                if (ExpressionAssembly.encodes(expression, width, 1)) {
                    for (CodeSpace space : CodeSpaces.of(width)) {
                        MemorySegment out = padded(count, arena);
                        run(width, space, expression, scalars, operands, inPlace, out, arena);
                        results.add(out);
                    }
                }
            }
            check(expression, count, expected, results);
        }
    }

    private static void run(
            VectorWidth width,
            CodeSpace space,
            Expression expression,
            List<Boolean> scalars,
            MemorySegment[] operands,
            boolean inPlace,
            MemorySegment out,
            Arena arena) {
        long[] addresses = new long[scalars.size()];
        for (int input = 0; input < addresses.length; input++) {
            addresses[input] = operands[input].address();
        }
        if (inPlace) {
            out.copyFrom(operands[0]);
            addresses[0] = out.address();
        }
        MemorySegment call = arena.allocate(ExpressionCall.BYTES, 64);
        ExpressionCall.prepare(call.address(), expression);
        ExpressionCall.set(call.address(), width, (int) (out.byteSize() / 4), addresses, out.address());
        space.install("expression", new ExpressionProgram(width, expression.shape(), scalars).encode())
                .call(call.address());
    }

    private static void check(Expression expression, int count, MemorySegment expected, List<MemorySegment> results) {
        assertThat(results).isNotEmpty();
        for (MemorySegment result : results) {
            for (int e = -MARGIN; e < count + MARGIN; e++) {
                float found = element(result, e);
                if (e < 0 || e >= count) {
                    assertThat(found)
                            .as("beside the result of %s, at %d", expression, e)
                            .isEqualTo(CANARY);
                    continue;
                }
                assertThat(Float.floatToIntBits(found))
                        .as("bits of element %d of %d of %s, which all vectors give", e, count, expression)
                        .isEqualTo(Float.floatToIntBits(element(results.getFirst(), e)));
                float wanted = expected.getAtIndex(ValueLayout.JAVA_FLOAT, e);
                if (Float.isFinite(wanted) && Math.abs(wanted) < 1e30) {
                    assertThat((double) found)
                            .as("element %d of %d of %s", e, count, expression)
                            .isCloseTo(wanted, within(2e-5 * (1 + Math.abs(wanted))));
                }
            }
        }
    }

    private static float element(MemorySegment elements, int index) {
        return Memory.getFloat(elements.address() + index * 4L);
    }

    /** Elements with canaries on both sides. */
    private static MemorySegment padded(int elements, Arena arena) {
        MemorySegment all = arena.allocate((elements + 2L * MARGIN) * 4, 64);
        for (int i = 0; i < elements + 2 * MARGIN; i++) {
            all.setAtIndex(ValueLayout.JAVA_FLOAT, i, CANARY);
        }
        return all.asSlice(MARGIN * 4L, elements * 4L);
    }
}
