package io.llm2clip.kernels.cpu.machine.expression;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.VectorWidth.AVX2;
import static io.llm2clip.kernels.cpu.machine.VectorWidth.AVX512;
import static io.llm2clip.kernels.operations.Expression.Instruction.binary;
import static io.llm2clip.kernels.operations.Expression.Instruction.constant;
import static io.llm2clip.kernels.operations.Expression.Instruction.unary;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.CodeSpaces;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Lanes512;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
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
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Expressions in machine code against the reference, on the emulated processor and on this one if it has such vectors. */
class ExpressionAssemblyTest {
    private static final int INPUTS = 3;
    /** Bytes from one input to the next. */
    private static final int INPUT = 128;

    private static final int OUT = 512;
    private static final int TABLE = 1024;
    private static final List<Float> SPECIAL = List.of(
            0f,
            -0f,
            1f,
            -1f,
            1e-30f,
            -3e-5f,
            0.5f,
            -2.25f,
            3.9f,
            -8.5f,
            60f,
            -87f,
            88.5f,
            -100f,
            100f,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN);

    /** @param fast as epilogues of products, or with the bits of the Vector API */
    private record Code(VectorWidth width, boolean fast) {
        static final List<Code> ALL = List.of(new Code(AVX512, true), new Code(AVX512, false), new Code(AVX2, false));

        byte[] of(Expression expression, int vectors) {
            Assembler a = new Assembler();
            Lanes lanes = width.lanes(a);
            ExpressionAssembly.Inputs inputs = (input, to) -> {
                for (int v = 0; v < vectors; v++) {
                    lanes.load(to[v], at(RDI, input * INPUT + v * lanes.bytes()));
                }
            };
            int[] results = fast
                    ? ExpressionAssembly.append(new Lanes512(a), expression, vectors, RDI, TABLE, inputs)
                    : ExpressionAssembly.appendSame(new SideBySide(lanes, vectors, RDI, TABLE), expression, inputs);
            for (int v = 0; v < vectors; v++) {
                lanes.store(at(RDI, OUT + v * lanes.bytes()), results[v]);
            }
            a.vzeroupper();
            a.ret();
            return a.code();
        }
    }

    @Example
    void everyOperationIsWhatItsReferenceIs() {
        Random random = new Random(1);
        for (Opcode opcode : Opcode.values()) {
            Expression expression = new Expression(
                    INPUTS,
                    List.of(
                            opcode == Opcode.CONSTANT
                                    ? constant(-2.5f)
                                    : new Instruction(opcode, 0, 1, opcode.arity() > 2 ? 2 : 0, 0)));
            if (EnumSet.of(Opcode.LOG, Opcode.SIN, Opcode.COS).contains(opcode)) {
                for (Code code : Code.ALL) {
                    assertThat(ExpressionAssembly.encodes(expression, code.width(), 1))
                            .isFalse();
                    assertThatThrownBy(() -> code.of(expression, 1)).hasMessageContaining("ask encodes() first");
                }
                continue;
            }
            for (int round = 0; round < 40; round++) {
                check(expression, random, true, 2e-6);
            }
        }
    }

    @Property(tries = 300)
    void expressionsAreWhatTheirReferenceIs(@ForAll("expressions") Expression expression, @ForAll long seed) {
        check(expression, new Random(seed), false, 2e-5);
    }

    @Provide
    Arbitrary<Expression> expressions() {
        return ExpressionArbitraries.expressions(INPUTS)
                .filter(expression -> ExpressionAssembly.encodes(expression, AVX2, 1));
    }

    /** Of a sum, a bias and a residual or what an activation is multiplied by. */
    @Example
    void activationsHaveRegistersForAllTheirValues() {
        Instruction biased = binary(Opcode.ADD, 0, 1);
        List<Expression> activations = List.of(
                new Expression(3, List.of(biased, binary(Opcode.ADD, 3, 2))),
                new Expression(
                        3,
                        List.of(
                                biased,
                                constant(1.702f),
                                binary(Opcode.MULTIPLY, 3, 4),
                                unary(Opcode.SIGMOID, 5),
                                binary(Opcode.MULTIPLY, 3, 6),
                                binary(Opcode.MULTIPLY, 7, 2))),
                new Expression(
                        3,
                        List.of(
                                biased,
                                constant(0.70710678f),
                                binary(Opcode.MULTIPLY, 3, 4),
                                unary(Opcode.ERF, 5),
                                constant(1f),
                                binary(Opcode.ADD, 6, 7),
                                constant(0.5f),
                                binary(Opcode.MULTIPLY, 8, 9),
                                binary(Opcode.MULTIPLY, 3, 10),
                                binary(Opcode.MULTIPLY, 11, 2))),
                new Expression(
                        3,
                        List.of(
                                biased,
                                binary(Opcode.MULTIPLY, 3, 3),
                                binary(Opcode.MULTIPLY, 4, 3),
                                constant(0.044715f),
                                binary(Opcode.MULTIPLY, 5, 6),
                                binary(Opcode.ADD, 3, 7),
                                constant(0.79788456f),
                                binary(Opcode.MULTIPLY, 8, 9),
                                unary(Opcode.TANH, 10),
                                constant(1f),
                                binary(Opcode.ADD, 11, 12),
                                constant(0.5f),
                                binary(Opcode.MULTIPLY, 13, 14),
                                binary(Opcode.MULTIPLY, 3, 15),
                                binary(Opcode.MULTIPLY, 16, 2))));
        for (Expression activation : activations) {
            assertThat(ExpressionAssembly.encodes(activation, AVX512, 2))
                    .as("%s", activation)
                    .isTrue();
            assertThat(ExpressionAssembly.encodes(activation, AVX2, 1))
                    .as("%s", activation)
                    .isTrue();
            check(activation, new Random(3), false, 5e-6);
        }
    }

    @Example
    void valuesWithoutRegistersAreRefused() {
        List<Instruction> instructions = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            instructions.add(constant(i));
        }
        for (int i = 0; i < 20; i++) {
            instructions.add(binary(Opcode.ADD, i == 0 ? 0 : instructions.size(), 1 + i));
        }
        Expression expression = new Expression(1, instructions);
        assertThat(ExpressionAssembly.encodes(expression, AVX512, 1)).isTrue();
        assertThat(ExpressionAssembly.encodes(expression, AVX512, 2)).isFalse();
        assertThat(ExpressionAssembly.encodes(expression, AVX2, 1)).isFalse();
    }

    private static void check(Expression expression, Random random, boolean specials, double tolerance) {
        for (Code code : Code.ALL) {
            assertThat(ExpressionAssembly.encodes(expression, code.width(), 1)).isTrue();
            for (int vectors = 1; vectors <= 2; vectors++) {
                if (ExpressionAssembly.encodes(expression, code.width(), vectors)) {
                    check(code, expression, vectors, random, specials, tolerance);
                }
            }
        }
    }

    private static void check(
            Code code, Expression expression, int vectors, Random random, boolean specials, double tolerance) {
        int count = vectors * code.width().count();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(TABLE + ExpressionAssembly.maxConstants() * 4L, 64);
            MemorySegment[] operands = new MemorySegment[INPUTS + 1];
            for (int input = 0; input < INPUTS; input++) {
                operands[input] = memory.asSlice((long) input * INPUT, count * 4L);
                for (int lane = 0; lane < count; lane++) {
                    boolean special = specials && random.nextInt(3) == 0;
                    float value = special ? SPECIAL.get(random.nextInt(SPECIAL.size())) : (float) random.nextGaussian();
                    operands[input].setAtIndex(ValueLayout.JAVA_FLOAT, lane, value);
                }
            }
            operands[INPUTS] = arena.allocate(count * 4L, 64);
            MemorySegment constants = MemorySegment.ofArray(ExpressionAssembly.constants(expression));
            memory.asSlice(TABLE).copyFrom(constants);
            Reference.run(
                    new Elementwise(expression, List.of(count), Collections.nCopies(INPUTS, List.of(1))), operands);
            for (CodeSpace space : CodeSpaces.of(code.width())) {
                space.install("expression", code.of(expression.shape(), vectors))
                        .call(memory.address());
                for (int lane = 0; lane < count; lane++) {
                    float expected = operands[INPUTS].getAtIndex(ValueLayout.JAVA_FLOAT, lane);
                    float found = memory.get(ValueLayout.JAVA_FLOAT, OUT + lane * 4L);
                    if (Float.isFinite(expected) && Math.abs(expected) < 1e30) {
                        assertThat((double) found)
                                .as("%s by %s of %s", expression, code, inputs(operands, lane))
                                .isCloseTo(expected, within(tolerance * Math.max(1, Math.abs(expected))));
                    } else if (Math.abs(expected) < Float.POSITIVE_INFINITY) {
                        assertThat((double) found / expected).isCloseTo(1, within(tolerance));
                    } else {
                        // As objects, of which NaN equals NaN.
                        assertThat(Float.valueOf(found))
                                .as("%s by %s of %s", expression, code, inputs(operands, lane))
                                .isEqualTo(Float.valueOf(expected));
                    }
                }
            }
        }
    }

    private static List<Float> inputs(MemorySegment[] operands, int lane) {
        List<Float> inputs = new ArrayList<>();
        for (int input = 0; input < INPUTS; input++) {
            inputs.add(operands[input].getAtIndex(ValueLayout.JAVA_FLOAT, lane));
        }
        return inputs;
    }
}
