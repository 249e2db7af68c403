package io.llm2clip.bench;

import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.Opcode;
import java.util.List;

/** Expressions as a transformer's training has them. */
final class Expressions {
    private static final Instruction SQRT_HALF = Instruction.constant((float) Math.sqrt(0.5));

    private Expressions() {}

    static Expression unary(Opcode opcode) {
        return new Expression(1, List.of(Instruction.unary(opcode, 0)));
    }

    static Expression binary(Opcode opcode) {
        return new Expression(2, List.of(Instruction.binary(opcode, 0, 1)));
    }

    /** {@code 0.5 x (1 + erf(x / sqrt(2)))}. */
    static Expression gelu() {
        return new Expression(
                1,
                List.of(
                        SQRT_HALF,
                        Instruction.binary(Opcode.MULTIPLY, 0, 1),
                        Instruction.unary(Opcode.ERF, 2),
                        Instruction.constant(1),
                        Instruction.binary(Opcode.ADD, 3, 4),
                        Instruction.constant(0.5f),
                        Instruction.binary(Opcode.MULTIPLY, 0, 6),
                        Instruction.binary(Opcode.MULTIPLY, 5, 7)));
    }

    /** {@code dy (0.5 (1 + erf(x / sqrt(2))) + x exp(-x^2 / 2) / sqrt(2 pi))}. */
    static Expression geluGradient() {
        return new Expression(
                2,
                List.of(
                        SQRT_HALF,
                        Instruction.binary(Opcode.MULTIPLY, 0, 2),
                        Instruction.unary(Opcode.ERF, 3),
                        Instruction.constant(1),
                        Instruction.binary(Opcode.ADD, 4, 5),
                        Instruction.constant(0.5f),
                        Instruction.binary(Opcode.MULTIPLY, 6, 7),
                        Instruction.binary(Opcode.MULTIPLY, 0, 0),
                        Instruction.constant(-0.5f),
                        Instruction.binary(Opcode.MULTIPLY, 9, 10),
                        Instruction.unary(Opcode.EXP, 11),
                        Instruction.binary(Opcode.MULTIPLY, 0, 12),
                        Instruction.constant((float) (1 / Math.sqrt(2 * Math.PI))),
                        Instruction.binary(Opcode.MULTIPLY, 13, 14),
                        Instruction.binary(Opcode.ADD, 8, 15),
                        Instruction.binary(Opcode.MULTIPLY, 16, 1)));
    }
}
