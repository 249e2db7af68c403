package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Functions whose values are finite everywhere have finite gradients, also where a branch that was not taken has none. */
class GuardedRootTest {
    /** Compilers of devices take long for the expressions of the third. */
    private static final int ORDERS = TestExecution.get().device() == Device.cpu() ? 3 : 2;

    /** Rows of zeros, of one number, of negative numbers, of a bit of all, and of numbers whose squares are 0. */
    private static final float[] ROWS = {
        0, 0, 0, 0, -0f, -0f, -0f, -0f, 2, 2, 2, 2, -1, -2, -3, -0.5f, 0, 1, -2, 0.5f, 1e-30f, -1e-30f, 0, 1e-30f
    };

    /** Without the last row, where single elements are so close to a pole that their derivatives are beyond f32. */
    private static final float[] ELEMENTS = Arrays.copyOf(ROWS, ROWS.length - 4);

    static Stream<Arguments> functions() {
        return Stream.of(
                function("norm", x -> sumOfSquares(x).sqrt()),
                function("norm under a maximum", x -> norm(x).maximum(Tensor.scalar(1e-12f))),
                function("norm under a maximum of 0", x -> norm(x).maximum(Tensor.scalar(0))),
                function("norm and an epsilon", x -> sumOfSquares(x).add(1e-6f).sqrt()),
                function("l2Normalize", Tensor::l2Normalize),
                function("x / norm, guarded", x -> Tensor.where(some(x), x.div(norm(x)), zero())),
                function("x * rsqrt, guarded", x -> Tensor.where(some(x), x.mul(inverseNorm(x)), zero())),
                function("x * (rsqrt, guarded)", x -> x.mul(Tensor.where(some(x), inverseNorm(x), zero()))),
                function("x * min(rsqrt, limit)", x -> x.mul(inverseNorm(x).minimum(Tensor.scalar(1e6f)))),
                function(
                        "x * rsqrt of an epsilon",
                        x -> x.mul(sumOfSquares(x).add(1e-6f).rsqrt())),
                function(
                        "x * rsqrt of a maximum",
                        x -> x.mul(sumOfSquares(x).maximum(Tensor.scalar(1e-6f)).rsqrt())),
                function("x / (norm + epsilon)", x -> x.div(norm(x).add(1e-6f))),
                function("standard deviation", GuardedRootTest::deviation),
                function("standardized", x -> x.sub(mean(x)).div(deviation(x).maximum(Tensor.scalar(1e-3f)))),
                function("cosine", GuardedRootTest::cosine),
                function("norm by a power", x -> sumOfSquares(x).pow(0.5f)),
                function("p-norm", GuardedRootTest::norm3),
                function("norm by a power of a tensor", x -> sumOfSquares(x).pow(Tensor.scalar(0.7f))),
                function("norm under a clamp", x -> norm(x).clamp(1e-12f, 1e12f)),
                function("norm under relu", x -> norm(x).sub(0.5f).relu()),
                function("norm of the greatest", x -> norm(x.topk(2, -1).values())),
                function("norm of sums", x -> norm(x.cumsum(-1))),
                function("distance", x -> norm(x.sub(x.stopGradient()))),
                elementwise("sqrt of a maximum", x -> x.maximum(zero()).sqrt()),
                elementwise("sqrt of the absolute value", x -> x.abs().sqrt()),
                elementwise("log under a maximum", x -> x.abs().log().maximum(Tensor.scalar(-100))),
                elementwise("rsqrt under a minimum", x -> x.abs().rsqrt().minimum(Tensor.scalar(1e6f))),
                elementwise("exp under a minimum", x -> x.mul(100).exp().minimum(Tensor.scalar(100))),
                elementwise("power of the absolute value", x -> x.abs().pow(0.3f)),
                elementwise(
                        "inverse power under a minimum", x -> x.abs().pow(-0.7f).minimum(Tensor.scalar(1e4f))),
                elementwise("inverse under a clamp", x -> x.pow(-1).clamp(-100, 100)),
                guarded("sqrt", Tensor::sqrt),
                guarded("pow", x -> x.pow(0.3f)),
                guarded("pow to a tensor", x -> x.pow(x)),
                guarded("inverse pow", x -> x.pow(-1.3f)),
                guarded("log", Tensor::log),
                guarded("power", x -> x.log().mul(0.3f).exp()),
                guarded("tanh of a root", x -> x.sqrt().tanh()),
                guarded("erf of a root", x -> x.sqrt().erf()),
                guarded("gelu of a root", x -> x.sqrt().gelu()),
                guarded("sigmoid of a root", x -> x.sqrt().sigmoid()),
                guarded("sine of a root", x -> x.sqrt().sin()),
                guarded("cosine of a root", x -> x.sqrt().cos()),
                guarded("views of a root", x -> x.transpose(0, 1).sqrt().mul(3).transpose(0, 1)),
                guarded("root of a quotient", x -> Tensor.scalar(1).div(x).sqrt()),
                elementwise(
                        "sinc",
                        x -> Tensor.where(
                                x.equalTo(zero()), Tensor.scalar(1), x.sin().div(x))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("functions")
    void gradientsOfEveryOrderAreFiniteAndAgree(String name, float[] values, UnaryOperator<Tensor> function) {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(values.length / 4, 4), values));
        Tensor value = function.apply(x);
        List<Tensor> orders = new ArrayList<>();
        for (int order = 0; order < ORDERS; order++) {
            requireFinite("value", value);
            value = Gradients.of(weighted(value, order), List.of(x)).getFirst();
            orders.add(value);
        }
        List<TensorData> interpreted = Interpreter.evaluate(orders, Map.of());
        try (Program program = Program.compile(orders, TestExecution.get())) {
            List<TensorData> compiled = program.run();
            for (int order = 0; order < ORDERS; order++) {
                float[] gradient = interpreted.get(order).toFloats();
                assertFinite("interpreted gradient " + order, gradient);
                GradientProperties.assertClose(
                        "compiled gradient " + order, compiled.get(order).toFloats(), gradient, 1e-3f);
            }
        }
    }

    @Test
    void rowsOfZerosGetNoGradientThroughTheirNorm() {
        for (UnaryOperator<Tensor> function : List.<UnaryOperator<Tensor>>of(
                GuardedRootTest::norm, Tensor::l2Normalize, GuardedRootTest::deviation)) {
            Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2, 3), 0, 0, 0, 1, 2, 4));
            Tensor gradient =
                    Gradients.of(weighted(function.apply(x), 1), List.of(x)).getFirst();
            float[] values = gradient.evaluate(TestExecution.get()).toFloats();
            assertThat(values).startsWith(0, 0, 0);
            assertThat(values[4]).isNotZero().isFinite();
        }
    }

    /** d^2 (y log x) / dx dy is 1/x whatever y is: only what is not finite may be cut. */
    @Test
    void aGradientOfZeroHasGradientsOfItsOwn() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2), 2, 0.5f));
        Tensor y = Tensor.variable("y", TensorData.of(Shape.of(2), 0, 0));
        assertThat(mixed(x.log().mul(y), x, y)).containsExactly(0.5f, 2);
        assertThat(mixed(x.sqrt().mul(y), x, y))
                .containsExactly((float) (0.5 / Math.sqrt(2)), (float) (0.5 / Math.sqrt(0.5)));
        assertThat(mixed(y.div(x), x, y)).containsExactly(-0.25f, -4);
        assertThat(mixed(x.exp().mul(y), x, y)).containsExactly((float) Math.exp(2), (float) Math.exp(0.5));
    }

    private static float[] mixed(Tensor value, Tensor x, Tensor y) {
        Tensor dx = Gradients.of(value.sum(), List.of(x)).getFirst();
        Tensor dxdy = Gradients.of(dx.sum(), List.of(y)).getFirst();
        return Interpreter.evaluate(List.of(dxdy), Map.of()).getFirst().toFloats();
    }

    /** Without a guard, infinity is the answer: training must be able to notice. */
    @Test
    void polesWithoutAGuardStayInfinite() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(1), 0));
        assertThat(gradient(x.log(), x)).isInfinite();
        assertThat(gradient(Tensor.scalar(1).div(x), x)).isInfinite();
        Tensor nan = Tensor.variable("nan", TensorData.of(Shape.of(1), Float.NaN));
        assertThat(gradient(nan.l2Normalize(), nan)).isNaN();
        assertThat(gradient(nan.sqrt(), nan)).isNaN();
    }

    private static float gradient(Tensor value, Tensor x) {
        return Gradients.of(value.sum(), List.of(x))
                .getFirst()
                .evaluate(TestExecution.get())
                .toFloats()[0];
    }

    private static void requireFinite(String what, Tensor value) {
        assertFinite(
                what, Interpreter.evaluate(List.of(value), Map.of()).getFirst().toFloats());
    }

    private static void assertFinite(String what, float[] values) {
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).as("%s at %d", what, i).isFinite();
        }
    }

    private static Tensor weighted(Tensor value, int seed) {
        SplittableRandom random = new SplittableRandom(seed + 1L);
        float[] weights = new float[value.shape().size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (float) random.nextDouble(0.5, 1.5);
        }
        return value.mul(Tensor.variable("weights", TensorData.of(value.shape(), weights)))
                .sum();
    }

    private static Tensor sumOfSquares(Tensor x) {
        return x.square().sum(-1).reshape(x.shape().with(-1, 1));
    }

    private static Tensor norm(Tensor x) {
        return sumOfSquares(x).sqrt();
    }

    private static Tensor norm3(Tensor x) {
        return x.abs().pow(3).sum(-1).reshape(x.shape().with(-1, 1)).pow(1 / 3f);
    }

    private static Tensor inverseNorm(Tensor x) {
        return sumOfSquares(x).rsqrt();
    }

    private static Tensor some(Tensor x) {
        return sumOfSquares(x).greater(zero());
    }

    private static Tensor mean(Tensor x) {
        return x.mean(-1).reshape(x.shape().with(-1, 1));
    }

    private static Tensor deviation(Tensor x) {
        return mean(x.sub(mean(x)).square()).sqrt();
    }

    private static Tensor cosine(Tensor x) {
        Tensor other = Tensor.variable("other", TensorData.of(Shape.of(4), 1, -2, 0.5f, 3));
        Tensor dot = x.mul(other).sum(-1).reshape(x.shape().with(-1, 1));
        Tensor lengths = norm(x).mul(norm(other)).maximum(Tensor.scalar(1e-4f));
        return dot.div(lengths);
    }

    private static Tensor zero() {
        return Tensor.scalar(0);
    }

    private static Arguments function(String name, UnaryOperator<Tensor> function) {
        return Arguments.of(name, ROWS, function);
    }

    private static Arguments elementwise(String name, UnaryOperator<Tensor> function) {
        return Arguments.of(name, ELEMENTS, function);
    }

    private static Arguments guarded(String name, UnaryOperator<Tensor> function) {
        return elementwise(name, x -> Tensor.where(x.greater(zero()), function.apply(x), zero()));
    }
}
