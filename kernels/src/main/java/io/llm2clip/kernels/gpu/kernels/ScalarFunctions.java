package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.KMath;

/** Device helpers: the scalar operations of {@link io.llm2clip.kernels.operations.Expression}s, by number. */
public final class ScalarFunctions {
    // The ordinals of Opcode, which a test compares: a kernel cannot refer to an enum.
    static final int CONSTANT = 0;
    static final int ADD = 1;
    static final int SUBTRACT = 2;
    static final int MULTIPLY = 3;
    static final int DIVIDE = 4;
    static final int MAXIMUM = 5;
    static final int MINIMUM = 6;
    static final int NEGATE = 7;
    static final int ABSOLUTE = 8;
    static final int EXP = 9;
    static final int LOG = 10;
    static final int SQRT = 11;
    static final int RSQRT = 12;
    static final int TANH = 13;
    static final int ERF = 14;
    static final int SIGMOID = 15;
    static final int SIN = 16;
    static final int COS = 17;
    static final int GREATER = 18;
    static final int EQUAL = 19;
    static final int SELECT = 20;

    private ScalarFunctions() {}

    /** One instruction; {@code literal} is a constant's value. */
    static float k_operation(int opcode, float a, float b, float c, float literal) {
        return switch (opcode) {
            case CONSTANT -> literal;
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case MAXIMUM -> k_maximum(a, b);
            case MINIMUM -> k_minimum(a, b);
            case NEGATE -> -a;
            case ABSOLUTE -> KMath.abs(a);
            case EXP -> KMath.exp(a);
            case LOG -> KMath.log(a);
            case SQRT -> KMath.sqrt(a);
            case RSQRT -> k_rsqrt(a);
            case TANH -> KMath.tanh(a);
            case ERF -> k_erf(a);
            case SIGMOID -> k_sigmoid(a);
            case SIN -> KMath.sin(a);
            case COS -> KMath.cos(a);
            case GREATER -> k_greater(a, b);
            case EQUAL -> k_equal(a, b);
            default -> k_select(a, b, c);
        };
    }

    static float k_rsqrt(float a) {
        return 1f / KMath.sqrt(a);
    }

    static float k_sigmoid(float a) {
        return 1f / (1f + KMath.exp(-a));
    }

    static float k_greater(float a, float b) {
        return a > b ? 1f : 0f;
    }

    static float k_equal(float a, float b) {
        return a == b ? 1f : 0f;
    }

    static float k_select(float condition, float a, float b) {
        return condition != 0f ? a : b;
    }

    /** NaN if one is, as devices' own functions do not promise; +0 is larger than -0. */
    static float k_maximum(float a, float b) {
        float equalOrNaN = a == b && a != 0f ? a : a + b;
        return a > b ? a : b > a ? b : equalOrNaN;
    }

    /** As {@link #k_maximum}. */
    static float k_minimum(float a, float b) {
        return -k_maximum(-a, -b);
    }

    /** Gauss error function, by the minimax polynomials of N. Juffa; within 1 ulp or so of f32. */
    static float k_erf(float x) {
        float t = KMath.abs(x);
        float square = x * x;
        if (t > 0.927734375f) {
            float r = -1.72853470e-5f * t + 3.83197126e-4f;
            float u = -3.88396438e-3f * t + 2.42546219e-2f;
            r = r * square + u;
            r = r * t - 1.06777877e-1f;
            r = r * t - 6.34846687e-1f;
            r = r * t - 1.28717512e-1f;
            r = r * t - t;
            float magnitude = 1f - KMath.exp(r);
            return x < 0f ? -magnitude : magnitude;
        }
        float p = -5.96761703e-4f * square + 4.99119423e-3f;
        p = p * square - 2.67681349e-2f;
        p = p * square + 1.12819925e-1f;
        p = p * square - 3.76125336e-1f;
        p = p * square + 1.28379166e-1f;
        return p * x + x;
    }
}
