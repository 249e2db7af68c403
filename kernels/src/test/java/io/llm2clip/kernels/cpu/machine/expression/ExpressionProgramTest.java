package io.llm2clip.kernels.cpu.machine.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.CodeSpaces;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.ExpressionArbitraries;
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
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Programs over any number of elements against the reference, on the emulated processor and on this one if it has AVX-512. */
class ExpressionProgramTest {
    /** What is around the elements, which nobody may write to. */
    private static final int MARGIN = 32;

    private static final float CANARY = 12345.678f;

    private final List<CodeSpace> spaces = CodeSpaces.ofAvx512();

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
        Random random = new Random(seed);
        for (CodeSpace space : spaces) {
            try (Arena arena = Arena.ofConfined()) {
                check(space, expression, scalars, count, overwrites, random, arena);
            }
        }
    }

    @Provide
    Arbitrary<Expression> expressions() {
        return Arbitraries.integers()
                .between(0, 4)
                .flatMap(ExpressionArbitraries::expressions)
                .filter(ExpressionAssembly::encodes);
    }

    private static void check(
            CodeSpace space,
            Expression expression,
            List<Boolean> scalars,
            int count,
            boolean inPlace,
            Random random,
            Arena arena) {
        List<List<Integer>> strides = new ArrayList<>();
        MemorySegment[] operands = new MemorySegment[scalars.size() + 1];
        long[] addresses = new long[scalars.size()];
        for (int input = 0; input < addresses.length; input++) {
            int elements = scalars.get(input) ? 1 : count;
            strides.add(List.of(scalars.get(input) ? 0 : 1));
            operands[input] = padded(elements, arena);
            for (int e = 0; e < elements; e++) {
                operands[input].setAtIndex(ValueLayout.JAVA_FLOAT, e, (float) random.nextGaussian());
            }
            addresses[input] = operands[input].address();
        }
        MemorySegment expected = arena.allocate(Math.max(count, 1) * 4L, 64);
        operands[addresses.length] = expected;
        if (count > 0) {
            Reference.run(new Elementwise(expression, List.of(count), strides), operands);
        }
        MemorySegment out = inPlace ? operands[0] : padded(count, arena);
        MemorySegment call = arena.allocate(ExpressionCall.BYTES, 64);
        ExpressionCall.prepare(call.address(), expression);
        ExpressionCall.set(call.address(), count, addresses, out.address());
        space.install("expression", new ExpressionProgram(expression.shape(), scalars).encode())
                .call(call.address());
        for (int e = -MARGIN; e < count + MARGIN; e++) {
            float found = Memory.getFloat(out.address() + e * 4L);
            if (e < 0 || e >= count) {
                assertThat(found)
                        .as("beside the result of %s, at %d", expression, e)
                        .isEqualTo(CANARY);
                continue;
            }
            float wanted = expected.getAtIndex(ValueLayout.JAVA_FLOAT, e);
            if (Float.isFinite(wanted) && Math.abs(wanted) < 1e30) {
                assertThat((double) found)
                        .as("element %d of %d of %s", e, count, expression)
                        .isCloseTo(wanted, within(2e-5 * (1 + Math.abs(wanted))));
            }
        }
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
