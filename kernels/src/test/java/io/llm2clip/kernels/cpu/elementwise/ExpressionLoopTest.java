package io.llm2clip.kernels.cpu.elementwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.ExpressionArbitraries;
import io.llm2clip.kernels.operations.Opcode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Generated loops give the bits that the interpreter gives, and take over when an expression is hot. */
class ExpressionLoopTest {

    @Property(tries = 500)
    void generatedAsInterpreted(
            @ForAll("expressions") Expression expression, @ForAll long seed, @ForAll @IntRange(max = 100) int vectors) {
        check(expression, new Random(seed), vectors, false);
    }

    /** As the epilogue of a matrix product is evaluated. */
    @Property(tries = 200)
    void inPlace(@ForAll("expressions") Expression expression, @ForAll long seed) {
        check(expression, new Random(seed), 7, true);
    }

    @Provide
    Arbitrary<Expression> expressions() {
        return Arbitraries.integers().between(0, 5).flatMap(ExpressionArbitraries::expressions);
    }

    @ParameterizedTest
    @EnumSource
    void everyOpcode(Opcode opcode) {
        Expression expression = new Expression(3, List.of(new Instruction(opcode, 2, 0, 1, -1.5f)));
        check(expression, new Random(1), 9, false);
    }

    @Test
    void expressionsOfAllValuesAtOnce() {
        List<Instruction> instructions = new ArrayList<>();
        for (int i = 1; i < Expression.MAX_VALUES; i++) {
            Opcode opcode = Opcode.values()[i % Opcode.values().length];
            instructions.add(new Instruction(opcode, i - 1, i / 2, 0, i));
        }
        check(new Expression(1, instructions), new Random(2), 5, false);
    }

    private static void check(Expression expression, Random random, int vectors, boolean inPlace) {
        boolean[] scalar = new boolean[expression.inputs()];
        for (int i = inPlace ? 1 : 0; i < scalar.length; i++) {
            scalar[i] = random.nextInt(4) == 0;
        }
        ExpressionShape shape = ExpressionShape.of(expression, scalar);
        float[] literals = ExpressionShape.literals(expression);
        try (Arena arena = Arena.ofConfined()) {
            int elements = vectors * Vectors.LANES;
            MemorySegment[] inputs = new MemorySegment[scalar.length];
            long[] addresses = new long[scalar.length];
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = arena.allocate(ValueLayout.JAVA_FLOAT, scalar[i] ? 1 : elements);
                for (long e = 0; e < inputs[i].byteSize() / 4; e++) {
                    inputs[i].setAtIndex(ValueLayout.JAVA_FLOAT, e, value(random));
                }
                addresses[i] = inputs[i].address();
            }
            MemorySegment[] out = new MemorySegment[2];
            for (int i = 0; i < 2; i++) {
                ExpressionLoop loop = i == 0 ? new ExpressionInterpreter(shape) : ExpressionLoopCompiler.compile(shape);
                out[i] = arena.allocate(ValueLayout.JAVA_FLOAT, elements);
                if (inPlace && scalar.length > 0) {
                    out[i].copyFrom(inputs[0]);
                    addresses[0] = out[i].address();
                }
                loop.run(vectors, addresses, literals, out[i].address());
            }
            for (int e = 0; e < elements; e++) {
                // All NaN are one: the JVM leaves their sign to its compilers.
                assertThat(Float.floatToIntBits(out[1].getAtIndex(ValueLayout.JAVA_FLOAT, e)))
                        .as("bits of element %d of %s", e, expression)
                        .isEqualTo(Float.floatToIntBits(out[0].getAtIndex(ValueLayout.JAVA_FLOAT, e)));
            }
        }
    }

    /** As machine code where there is some, and interpreted: fusion may have an operation computed by either. */
    @Property(tries = 500)
    void machineCodeGivesTheSameBits(
            @ForAll("expressions") Expression expression,
            @ForAll long seed,
            @ForAll @IntRange(max = 100) int elements) {
        Random random = new Random(seed);
        boolean[] scalar = new boolean[expression.inputs()];
        try (Arena arena = Arena.ofConfined()) {
            long[] addresses = new long[scalar.length];
            for (int i = 0; i < scalar.length; i++) {
                scalar[i] = random.nextInt(4) == 0;
                MemorySegment input = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(elements, 1));
                for (long e = 0; e < elements; e++) {
                    input.setAtIndex(
                            ValueLayout.JAVA_FLOAT, e, random.nextInt(3) == 0 ? special(random) : value(random));
                }
                addresses[i] = input.address();
            }
            MemorySegment found = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(elements, 1));
            MemorySegment interpreted = arena.allocate(ValueLayout.JAVA_FLOAT, Math.max(elements, 1));
            new ExpressionEvaluator(expression, scalar).evaluate(elements, addresses, found.address(), 0);
            System.setProperty("llm2clip.machine", "false");
            try {
                new ExpressionEvaluator(expression, scalar).evaluate(elements, addresses, interpreted.address(), 0);
            } finally {
                System.clearProperty("llm2clip.machine");
            }
            for (int e = 0; e < elements; e++) {
                assertThat(Float.floatToIntBits(found.getAtIndex(ValueLayout.JAVA_FLOAT, e)))
                        .as("bits of element %d of %s", e, expression)
                        .isEqualTo(Float.floatToIntBits(interpreted.getAtIndex(ValueLayout.JAVA_FLOAT, e)));
            }
        }
    }

    private static float special(Random random) {
        float[] values = {0, -0f, -87.4f, -87.6f, -88, 87.6f, 88.9f, 100, -100, 8.5f, -3.9f, Float.NEGATIVE_INFINITY};
        return values[random.nextInt(values.length)];
    }

    private static float value(Random random) {
        return switch (random.nextInt(20)) {
            case 0 -> Float.NaN;
            case 1 -> Float.POSITIVE_INFINITY;
            case 2 -> -0f;
            case 3 -> Float.MIN_VALUE;
            default -> (float) random.nextGaussian();
        };
    }

    /** Elements of a number that is no multiple of the lanes, before and after. */
    @Test
    void takesOverWhenHot() {
        System.setProperty("llm2clip.machine", "false");
        try {
            takesOverFromTheInterpreter();
        } finally {
            System.clearProperty("llm2clip.machine");
        }
    }

    private static void takesOverFromTheInterpreter() {
        Expression expression = new Expression(
                2,
                List.of(
                        Instruction.constant(0.044715f),
                        Instruction.binary(Opcode.MULTIPLY, 0, 2),
                        Instruction.unary(Opcode.EXP, 3),
                        Instruction.binary(Opcode.MULTIPLY, 4, 0),
                        Instruction.binary(Opcode.ADD, 5, 1)));
        ExpressionEvaluator evaluator = new ExpressionEvaluator(expression, new boolean[] {false, true});
        try (Arena arena = Arena.ofConfined()) {
            int elements = 99_999;
            MemorySegment x = arena.allocate(ValueLayout.JAVA_FLOAT, elements);
            for (int i = 0; i < elements; i++) {
                x.setAtIndex(ValueLayout.JAVA_FLOAT, i, i / 1e4f - 5);
            }
            MemorySegment bias = arena.allocate(ValueLayout.JAVA_FLOAT);
            bias.set(ValueLayout.JAVA_FLOAT, 0, 0.25f);
            long[] inputs = {x.address(), bias.address()};
            MemorySegment before = arena.allocate(ValueLayout.JAVA_FLOAT, elements);
            evaluator.evaluate(elements, inputs, before.address(), 0);
            assertThat(evaluator.generated()).isFalse();
            MemorySegment after = arena.allocate(ValueLayout.JAVA_FLOAT, elements);
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!evaluator.generated() && System.nanoTime() < deadline) {
                evaluator.evaluate(elements, inputs, after.address(), 0);
            }
            assertThat(evaluator.generated()).isTrue();
            after.fill((byte) 0);
            evaluator.evaluate(elements, inputs, after.address(), 0);
            assertThat(after.mismatch(before)).isEqualTo(-1);
            ExpressionEvaluator sameShape =
                    new ExpressionEvaluator(withLiteral(expression, 7f), new boolean[] {false, true});
            assertThat(sameShape.generated())
                    .as("literals are no part of the code")
                    .isTrue();
        }
    }

    private static Expression withLiteral(Expression expression, float literal) {
        List<Instruction> instructions = new ArrayList<>(expression.instructions());
        instructions.set(0, Instruction.constant(literal));
        return new Expression(expression.inputs(), instructions);
    }
}
