package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What an expression computes, whatever its literals: expressions of one shape share generated code.
 *
 * @param expression with 0 for every literal
 * @param uniform for each value, whether it is the same for all elements: scalar inputs, constants and what is computed from them
 */
record ExpressionShape(Expression expression, List<Boolean> uniform) {

    /**
     * The shape of an expression.
     *
     * @param scalarInput for each input, whether it is one element for all
     */
    static ExpressionShape of(Expression expression, boolean[] scalarInput) {
        List<Boolean> uniform = new ArrayList<>();
        for (boolean scalar : scalarInput) {
            uniform.add(scalar);
        }
        for (Instruction i : expression.instructions()) {
            uniform.add(Arrays.stream(i.operands()).allMatch(uniform::get));
        }
        return new ExpressionShape(expression.shape(), List.copyOf(uniform));
    }

    /** Literals in the order of the instructions; 0 where an instruction has none. */
    static float[] literals(Expression expression) {
        float[] literals = new float[expression.instructions().size()];
        for (int i = 0; i < literals.length; i++) {
            literals[i] = expression.instructions().get(i).literal();
        }
        return literals;
    }

    int inputs() {
        return expression.inputs();
    }

    int values() {
        return uniform.size();
    }

    Instruction instruction(int value) {
        return expression.instructions().get(value - inputs());
    }

    boolean isUniform(int value) {
        return uniform.get(value);
    }

    /** Number of instructions that are executed for every element. */
    int work() {
        return (int) uniform.subList(inputs(), values()).stream()
                .filter(same -> !same)
                .count();
    }

    /** Number of instructions that are functions. */
    int functions() {
        return (int) expression.instructions().stream()
                .filter(instruction -> instruction.opcode().transcendental())
                .count();
    }
}
