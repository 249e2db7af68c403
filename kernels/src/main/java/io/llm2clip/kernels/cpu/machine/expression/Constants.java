package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Opcode;
import java.util.ArrayList;
import java.util.List;

/** The numbers that programs of expressions read from memory: those of the functions, in their order, then the expression's literals. */
final class Constants {
    private static final List<Float> FUNCTIONS = new ArrayList<>();

    static final int ONE = put(1f);
    static final int TWO = put(2f);
    /** The bit of the sign. */
    static final int SIGN = put(-0f);
    /** Adding 1.5 * 2^23 rounds to an integer. */
    static final int ROUNDER = put(12582912f);

    /** What is added to an exponent of two for half of its power, as an integer. */
    static final int HALF_EXPONENT = put(Float.intBitsToFloat(126));

    /** All other bits than the sign's. */
    static final int MAGNITUDE = put(Float.intBitsToFloat(Integer.MAX_VALUE));

    static final int EXP_LEAST = put(-87.5f);
    static final int EXP_MOST = put(89f);
    /** The powers of its negative and of it are numbers. */
    static final int SIGMOID_LEAST = put(-87.5f);

    static final int SIGMOID_MOST = put(87.5f);
    static final int LOG2_E = put(1.44269504f);
    /** Minus ln 2 in two parts, the first with so few bits that its product with an exponent is exact. */
    static final int LN2_HIGH = put(-0.693359375f);

    static final int LN2_LOW = put(2.12194440e-4f);
    static final Polynomial EXP = polynomial(
            1.9875691500e-4f,
            1.3981999507e-3f,
            8.3334519073e-3f,
            4.1665795894e-2f,
            1.6666665459e-1f,
            5.0000001201e-1f,
            1f,
            1f);
    static final int TANH_LEAST = put(-7.99881172f);
    static final int TANH_MOST = put(7.99881172f);
    static final Polynomial TANH_UPPER = polynomial(
            -2.76076847742355e-16f,
            2.00018790482477e-13f,
            -8.60467152213735e-11f,
            5.12229709037114e-08f,
            1.48572235717979e-05f,
            6.37261928875436e-04f,
            4.89352455891786e-03f);
    static final Polynomial TANH_LOWER =
            polynomial(1.19825839466702e-06f, 1.18534705686654e-04f, 2.26843463243900e-03f, 4.89352518554385e-03f);
    static final int ERF_LEAST = put(-4f);
    static final int ERF_MOST = put(4f);
    static final Polynomial ERF_UPPER = polynomial(
            -2.72614225801306e-10f,
            2.77068142495902e-08f,
            -2.10102402082508e-06f,
            -5.69250639462346e-05f,
            -7.34990630326855e-04f,
            -2.95459980854025e-03f,
            -1.60960333262415e-02f);
    static final Polynomial ERF_LOWER = polynomial(
            -1.45660718464996e-05f,
            -2.13374055278905e-04f,
            -1.68282697438203e-03f,
            -7.37332916720468e-03f,
            -1.42647390514189e-02f);

    private Constants() {}

    /** Coefficients, that of the highest power first: the first one's number, and how many. */
    record Polynomial(int first, int count) {}

    private static int put(float value) {
        FUNCTIONS.add(value);
        return FUNCTIONS.size() - 1;
    }

    private static Polynomial polynomial(float... coefficients) {
        int first = FUNCTIONS.size();
        for (float coefficient : coefficients) {
            put(coefficient);
        }
        return new Polynomial(first, coefficients.length);
    }

    /** The number of an expression's first literal. */
    static int literals() {
        return FUNCTIONS.size();
    }

    /** All that an expression's program reads. */
    static float[] of(Expression expression) {
        List<Float> all = new ArrayList<>(FUNCTIONS);
        for (Expression.Instruction instruction : expression.instructions()) {
            if (instruction.opcode() == Opcode.CONSTANT) {
                all.add(instruction.literal());
            }
        }
        float[] values = new float[all.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = all.get(i);
        }
        return values;
    }
}
