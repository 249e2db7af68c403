package io.llm2clip.kernels.cpu.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.apache.commons.math3.special.Erf;
import org.junit.jupiter.api.Test;

/** Elementary functions against double precision, on dense samples and on special values. */
class VectorMathTest {
    private static final float[] SPECIAL = {
        0f,
        -0f,
        Float.MIN_VALUE,
        -Float.MIN_NORMAL,
        1e-30f,
        -1e-30f,
        1e-8f,
        1f,
        -1f,
        87f,
        -87f,
        88.7f,
        89f,
        -89f,
        104f,
        -104f,
        1e10f,
        -1e10f,
        3e38f,
        -3e38f,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN
    };

    @Test
    void exp() {
        check(VectorMath::exp, Math::exp, -88, 89, 2e-7, 2.4e-38);
    }

    @Test
    void log() {
        check(VectorMath::log, Math::log, 0, 100, 2e-7, 1e-37);
    }

    @Test
    void tanh() {
        check(VectorMath::tanh, Math::tanh, -10, 10, 3e-7, 1e-40);
    }

    @Test
    void erf() {
        check(VectorMath::erf, x -> Double.isNaN(x) ? x : Erf.erf(x), -7, 7, 4.5e-7, 1e-40);
    }

    @Test
    void sigmoid() {
        check(VectorMath::sigmoid, x -> 1 / (1 + Math.exp(-x)), -100, 100, 3e-7, 2.4e-38);
    }

    @Test
    void sineAndCosine() {
        check(VectorMath::sin, Math::sin, -100, 100, 2e-7, 1e-7);
        check(VectorMath::cos, Math::cos, -100, 100, 2e-7, 1e-7);
    }

    @Test
    void rsqrt() {
        check(VectorMath::rsqrt, x -> 1 / Math.sqrt(x), 0, 1000, 2e-7, 0);
    }

    private static void check(
            UnaryOperator<FloatVector> vector,
            DoubleUnaryOperator exact,
            float from,
            float to,
            double relative,
            double absolute) {
        Random random = new Random(1);
        int lanes = VectorMath.SPECIES.length();
        float[] x = new float[lanes];
        float[] y = new float[lanes];
        for (int i = 0; i < 200_000; i += lanes) {
            for (int lane = 0; lane < lanes; lane++) {
                float sample = from + (to - from) * random.nextFloat();
                x[lane] = i + lane < SPECIAL.length ? SPECIAL[i + lane] : lane % 4 == 0 ? sample / 100 : sample;
            }
            vector.apply(FloatVector.fromArray(VectorMath.SPECIES, x, 0)).intoArray(y, 0);
            for (int lane = 0; lane < lanes; lane++) {
                double expected = (float) exact.applyAsDouble(x[lane]);
                boolean close = Double.isNaN(expected)
                        ? Float.isNaN(y[lane])
                        : y[lane] == expected
                                || Math.abs(y[lane] - expected) <= absolute + relative * Math.abs(expected);
                assertThat(close)
                        .as("f(%s) is %s, expected %s", x[lane], y[lane], expected)
                        .isTrue();
            }
        }
    }
}
