package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.operations.Expression.Instruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/**
 * Random well-conditioned expressions: the inexact functions and the comparisons read inputs only, and products have an input
 * as factor, so that implementations which differ by roundings agree to a fixed tolerance on inputs of moderate size.
 */
public final class ExpressionArbitraries {
    private static final List<Opcode> FUNCTIONS = List.of(
            Opcode.EXP,
            Opcode.LOG,
            Opcode.SQRT,
            Opcode.RSQRT,
            Opcode.TANH,
            Opcode.ERF,
            Opcode.SIGMOID,
            Opcode.SIN,
            Opcode.COS);
    private static final List<Opcode> COMPARISONS = List.of(Opcode.GREATER, Opcode.EQUAL, Opcode.DIVIDE);
    private static final List<Opcode> COMBINATIONS = List.of(
            Opcode.ADD,
            Opcode.SUBTRACT,
            Opcode.MAXIMUM,
            Opcode.MINIMUM,
            Opcode.NEGATE,
            Opcode.ABSOLUTE,
            Opcode.MULTIPLY,
            Opcode.SELECT);

    private ExpressionArbitraries() {}

    /** Expressions of a number of inputs; with one input also the identity, with none at least a constant. */
    public static Arbitrary<Expression> expressions(int inputs) {
        return Arbitraries.longs().map(seed -> random(inputs, new Random(seed)));
    }

    private static Expression random(int inputs, Random random) {
        List<Instruction> instructions = new ArrayList<>();
        if (inputs == 0 || random.nextBoolean()) {
            instructions.add(Instruction.constant(random.nextInt(-8, 9) / 4f));
        }
        if (inputs > 0) {
            for (int i = random.nextInt(3); i > 0; i--) {
                instructions.add(Instruction.unary(pick(FUNCTIONS, random), random.nextInt(inputs)));
            }
            if (random.nextBoolean()) {
                instructions.add(
                        Instruction.binary(pick(COMPARISONS, random), random.nextInt(inputs), random.nextInt(inputs)));
            }
        }
        int least = inputs > 1 && instructions.isEmpty() ? 1 : 0;
        for (int i = Math.max(least, random.nextInt(5)); i > 0; i--) {
            int values = inputs + instructions.size();
            Opcode opcode = pick(COMBINATIONS, random);
            int first = opcode == Opcode.MULTIPLY && inputs > 0 ? random.nextInt(inputs) : random.nextInt(values);
            instructions.add(new Instruction(opcode, first, random.nextInt(values), random.nextInt(values), 0));
        }
        return new Expression(inputs, instructions);
    }

    private static Opcode pick(List<Opcode> opcodes, Random random) {
        return opcodes.get(random.nextInt(opcodes.size()));
    }
}
