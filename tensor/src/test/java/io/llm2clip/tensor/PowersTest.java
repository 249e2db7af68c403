package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Powers of everything to everything, against C's rules as Java has them, with number and with tensor as exponent. */
class PowersTest {
    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;
    private static final float[] BASES = {
        0, -0f, 1, -1, 2, -2, 0.5f, -0.3f, -8, 1e-20f, 3e10f, INF, -INF, NAN, Float.MIN_VALUE, -Float.MAX_VALUE
    };

    static Stream<Float> exponents() {
        return Stream.of(
                0f,
                -0f,
                1f,
                -1f,
                2f,
                3f,
                -2f,
                -3f,
                7f,
                64f,
                65f,
                -65f,
                100f,
                101f,
                0.25f,
                1 / 3f,
                1.5f,
                -1.5f,
                2.5f,
                1e-9f,
                0x1p24f,
                0x1p24f - 1,
                3e9f,
                -3e9f,
                1e30f,
                INF,
                -INF,
                NAN);
    }

    private static float[] compiled(Tensor tensor) {
        float[] interpreted =
                Interpreter.evaluate(List.of(tensor), Map.of()).getFirst().toFloats();
        float[] compiled = tensor.evaluate().toFloats();
        for (int i = 0; i < compiled.length; i++) {
            assertClose("compiled " + i, compiled[i], interpreted[i], 1e-4f);
        }
        return compiled;
    }

    private static void assertClose(String what, float found, double expected, float tolerance) {
        // What is next to the least and the greatest may fall over the edge.
        boolean edge = Math.abs(expected) < 1e-36 && Math.abs(found) < 1e-36
                || Math.abs(expected) > 1e38 && Math.abs(found) > 1e38;
        boolean close = Float.compare(found, (float) expected) == 0
                || edge && Math.signum(found) * Math.signum(expected) >= 0
                || Math.abs(found - expected) <= tolerance * Math.abs(expected);
        assertThat(close).as("%s is %s, expected %s", what, found, expected).isTrue();
    }

    @ParameterizedTest
    @MethodSource("exponents")
    void valuesAreThoseOfC(float exponent) {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(BASES.length), BASES));
        Tensor p = Tensor.variable("p", TensorData.of(Shape.of(1), exponent));
        float[] byNumber = compiled(x.pow(exponent));
        float[] byTensor = compiled(x.pow(p));
        for (int i = 0; i < BASES.length; i++) {
            // Java has NaN for 1 to the power of NaN or infinity, where C has 1.
            boolean one = Math.abs(BASES[i]) == 1 && Float.isInfinite(exponent) || BASES[i] == 1;
            double expected = one ? 1 : Math.pow(BASES[i], exponent);
            // A logarithm's rounding, multiplied by the exponent.
            float tolerance = (float) (2e-6 + 1.5e-7 * Math.abs(exponent * Math.log(Math.abs(BASES[i]))));
            assertClose(BASES[i] + "^" + exponent + " by number", byNumber[i], expected, tolerance);
            assertClose(BASES[i] + "^" + exponent + " by tensor", byTensor[i], expected, tolerance);
        }
    }

    /** Square roots are IEEE's, as PyTorch has them. */
    @Test
    void halvesAreSquareRoots() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(4), 2, -0f, -4, INF));
        assertThat(compiled(x.pow(0.5f))).containsExactly((float) Math.sqrt(2), -0f, NAN, INF);
        assertThat(compiled(x.pow(-0.5f))[0]).isEqualTo((float) (1 / Math.sqrt(2)));
    }

    static Stream<Arguments> gradients() {
        // Base, exponent, derivatives by each as PyTorch 2.13 has them.
        return Stream.of(
                Arguments.of(2f, 3f, 12f, 5.545177f),
                Arguments.of(2f, -1f, -0.25f, 0.3465736f),
                Arguments.of(0.5f, 0.5f, 0.70710677f, -0.4901291f),
                Arguments.of(2f, 0f, 0f, 0.6931472f),
                Arguments.of(1f, 5f, 5f, 0f),
                Arguments.of(1f, -1.5f, -1.5f, 0f),
                Arguments.of(0f, 0f, 0f, 0f),
                Arguments.of(0f, 1f, 1f, 0f),
                Arguments.of(0f, 2f, 0f, 0f),
                Arguments.of(0f, 1.5f, 0f, 0f),
                Arguments.of(0f, -2f, -INF, -INF),
                Arguments.of(0f, -1.5f, -INF, -INF),
                Arguments.of(-0f, 1f, 1f, 0f),
                Arguments.of(-0f, 3f, 0f, 0f));
    }

    @ParameterizedTest
    @MethodSource("gradients")
    void gradientsAreThoseOfPyTorch(float base, float exponent, float byBase, float byExponent) {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(1), base));
        Tensor p = Tensor.variable("p", TensorData.of(Shape.of(1), exponent));
        Tensor power = x.pow(p);
        List<Tensor> slopes = Gradients.of(power.sum(), List.of(x, p));
        assertClose("by base", compiled(slopes.get(0))[0] + 0f, byBase, 1e-5f);
        assertClose("by exponent", compiled(slopes.get(1))[0] + 0f, byExponent, 1e-5f);
        Tensor number = x.pow(exponent);
        assertClose(
                "by base, a number as exponent",
                compiled(Gradients.of(number.sum(), List.of(x)).getFirst())[0] + 0f,
                byBase,
                1e-5f);
    }

    /** PyTorch has NaN for the exponent's, which nothing survives. */
    @Test
    void negativeBasesHaveAGradientButMoveNoExponent() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(4), -2, -3, -1, -8));
        Tensor p = Tensor.variable("p", TensorData.of(Shape.of(4), 3, -1, 2, 0));
        List<Tensor> slopes = Gradients.of(x.pow(p).sum(), List.of(x, p));
        float[] byBase = compiled(slopes.get(0));
        float[] expected = {12, -1 / 9f, -2, 0};
        for (int i = 0; i < expected.length; i++) {
            assertClose("by base " + i, byBase[i] + 0f, expected[i], 1e-5f);
        }
        assertThat(compiled(slopes.get(1))).containsOnly(0);
    }

    /** Where nothing is defined, the gradient is none either. */
    @Test
    void aRootOfANegativeNumberIsNanAndSoIsItsGradient() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(1), -2));
        Tensor root = x.pow(0.3f);
        assertThat(compiled(root)).containsOnly(NAN);
        assertThat(compiled(Gradients.of(root.sum(), List.of(x)).getFirst())).containsOnly(NAN);
    }

    @Test
    void rootsRestAtZero() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2), 0, -0f));
        for (float exponent : new float[] {0.5f, 0.3f, 0.9f}) {
            Tensor slope = Gradients.of(x.pow(exponent).sum(), List.of(x)).getFirst();
            assertThat(compiled(slope)).containsOnly(0);
        }
    }

    @Test
    void squaresBend() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2), 0, -1.5f));
        for (Tensor square : List.of(x.pow(2), x.pow(Tensor.scalar(2)))) {
            Tensor slope = Gradients.of(square.sum(), List.of(x)).getFirst();
            Tensor bend = Gradients.of(slope.sum(), List.of(x)).getFirst();
            float[] found = compiled(bend);
            assertClose("at 0", found[0], 2, 1e-5f);
            assertClose("at -1.5", found[1], 2, 1e-4f);
        }
    }
}
