package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;

/** Evaluates an {@link Expression} for one element; every value is rounded to f32, as it is defined over f32 values. */
public final class ScalarExpression {

    private ScalarExpression() {}

    static float evaluate(Expression expression, float[] inputs) {
        return values(expression, inputs)[expression.result()];
    }

    /** All values of an expression by number: its inputs, then the result of each instruction. */
    public static float[] values(Expression expression, float[] inputs) {
        float[] values = new float[expression.result() + 1];
        System.arraycopy(inputs, 0, values, 0, expression.inputs());
        int next = expression.inputs();
        for (Instruction instruction : expression.instructions()) {
            values[next++] = (float)
                    compute(instruction, values[instruction.a()], values[instruction.b()], values[instruction.c()]);
        }
        return values;
    }

    private static double compute(Instruction instruction, double a, double b, double c) {
        return switch (instruction.opcode()) {
            case CONSTANT -> instruction.literal();
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAXIMUM -> Math.max(a, b);
            case MINIMUM -> Math.min(a, b);
            case NEGATE -> -a;
            case ABSOLUTE -> Math.abs(a);
            case EXP -> Math.exp(a);
            case LOG -> Math.log(a);
            case SQRT -> Math.sqrt(a);
            case RSQRT -> 1 / Math.sqrt(a);
            case TANH -> Math.tanh(a);
            case ERF -> erf(a);
            case SIGMOID -> 1 / (1 + Math.exp(-a));
            case SIN -> Math.sin(a);
            case COS -> Math.cos(a);
            case GREATER -> a > b ? 1 : 0;
            case EQUAL -> a == b ? 1 : 0;
            case SELECT -> a != 0 ? b : c;
        };
    }

    /** {@code 2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!}: no cancellation, as all terms have one sign. */
    private static double erf(double x) {
        if (Math.abs(x) >= 6) {
            return Math.signum(x); // 1 - erf(6) is 2e-17
        }
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }
}
