package io.llm2clip.kernels.operations;

import java.util.Arrays;
import java.util.List;

/**
 * A straight-line scalar program over f32 values: what a fused elementwise kernel, or the epilogue of a matrix product,
 * computes for each element.
 *
 * <p>Values are numbered: {@code 0 .. inputs-1} are the inputs, value {@code inputs + i} is the result of instruction
 * {@code i}. The result of the expression is its last value; without instructions that is input 0 (a copy).
 *
 * @param inputs number of inputs
 * @param instructions in order; operands refer to earlier values only
 */
public record Expression(int inputs, List<Instruction> instructions) {

    /** The most values (inputs and instructions together) one expression may have; device kernels keep them in registers. */
    public static final int MAX_VALUES = 48;

    /** Copies its one input. */
    public static final Expression IDENTITY = new Expression(1, List.of());

    public Expression {
        instructions = List.copyOf(instructions);
        if (inputs + instructions.size() == 0 || inputs + instructions.size() > MAX_VALUES) {
            throw new IllegalArgumentException("Expression has " + inputs + " inputs and " + instructions.size()
                    + " instructions, expected 1 to " + MAX_VALUES + " values in all.");
        }
        for (int i = 0; i < instructions.size(); i++) {
            Instruction instruction = instructions.get(i);
            for (int operand : instruction.operands()) {
                if (operand < 0 || operand >= inputs + i) {
                    throw new IllegalArgumentException("Instruction " + i + " (" + instruction.opcode + ") reads value "
                            + operand + ", expected one of the " + (inputs + i) + " earlier values.");
                }
            }
        }
        if (inputs > 1 && instructions.isEmpty()) {
            throw new IllegalArgumentException(
                    "An expression without instructions copies one input, found " + inputs + ".");
        }
    }

    /**
     * One operation. Operands that the opcode does not take are ignored.
     *
     * @param opcode what to compute
     * @param a first operand's value number
     * @param b second operand's value number
     * @param c third operand's value number
     * @param literal the value of a {@link Opcode#CONSTANT}
     */
    public record Instruction(Opcode opcode, int a, int b, int c, float literal) {
        public static Instruction constant(float literal) {
            return new Instruction(Opcode.CONSTANT, 0, 0, 0, literal);
        }

        public static Instruction unary(Opcode opcode, int a) {
            return new Instruction(opcode, a, 0, 0, 0);
        }

        public static Instruction binary(Opcode opcode, int a, int b) {
            return new Instruction(opcode, a, b, 0, 0);
        }

        public static Instruction select(int condition, int a, int b) {
            return new Instruction(Opcode.SELECT, condition, a, b, 0);
        }

        /** The value numbers that it reads. */
        public int[] operands() {
            return Arrays.copyOf(new int[] {a, b, c}, opcode.arity());
        }
    }

    /** The same with 0 for every literal: expressions that are equal then share code. */
    public Expression shape() {
        return new Expression(
                inputs,
                instructions.stream()
                        .map(i -> new Instruction(i.opcode, i.a, i.b, i.c, 0))
                        .toList());
    }

    /** Number of the value that is the result. */
    public int result() {
        return inputs + instructions.size() - 1;
    }
}
