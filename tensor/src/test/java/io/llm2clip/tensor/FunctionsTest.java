package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Values and gradients where functions turn, tie, have poles or get no number: those of PyTorch 2.13, but for the gradients of roots at
 * 0, which are infinite there. Compiled and interpreted.
 */
class FunctionsTest {
    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;
    private static final float[] ODDITIES = {0, -0f, 2, -3, NAN, INF, -INF};

    private static List<float[]> evaluate(List<Tensor> outputs) {
        List<TensorData> interpreted = Interpreter.evaluate(outputs, Map.of());
        try (Program program = Program.compile(outputs, Execution.cpu())) {
            List<TensorData> compiled = program.run();
            for (int i = 0; i < outputs.size(); i++) {
                assertClose("compiled output " + i, floats(compiled.get(i)), floats(interpreted.get(i)), 2e-6f);
            }
            return compiled.stream().map(FunctionsTest::floats).toList();
        }
    }

    private static float[] floats(TensorData data) {
        if (data.dtype() != DType.I32) {
            return data.toFloats();
        }
        int[] ints = data.toInts();
        float[] floats = new float[ints.length];
        for (int i = 0; i < ints.length; i++) {
            floats[i] = ints[i];
        }
        return floats;
    }

    private static void assertClose(String what, float[] found, float[] expected, float tolerance) {
        assertThat(found).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            boolean close = Float.compare(found[i], expected[i]) == 0
                    || Math.abs(found[i] - expected[i]) <= tolerance * Math.max(1e-30f, Math.abs(expected[i]));
            assertThat(close)
                    .as("%s[%d] is %s, expected %s", what, i, found[i], expected[i])
                    .isTrue();
        }
    }

    private static Tensor variable(Shape shape, float... values) {
        return Tensor.variable("x", TensorData.of(shape, values));
    }

    private static void check(
            UnaryOperator<Tensor> function, Shape shape, float[] x, float[] value, float... gradient) {
        Tensor in = variable(shape, x);
        Tensor out = function.apply(in);
        if (out.dtype() != DType.F32) {
            assertClose("value", evaluate(List.of(out)).getFirst(), value, 0);
            return;
        }
        Tensor slope =
                Gradients.of(out, Tensor.full(1, out.shape()), List.of(in)).getFirst();
        List<float[]> found = evaluate(List.of(out, slope));
        assertClose("value", found.get(0), value, 2e-6f);
        assertClose("gradient", zerosPositive(found.get(1)), gradient, 2e-6f);
    }

    /** A gradient of -0 is one of 0. */
    private static float[] zerosPositive(float[] values) {
        float[] positive = values.clone();
        for (int i = 0; i < positive.length; i++) {
            positive[i] += 0f;
        }
        return positive;
    }

    private static float[] row(float... values) {
        return values;
    }

    @Test
    void relu() {
        check(Tensor::relu, Shape.of(7), ODDITIES, row(0, 0, 2, 0, NAN, INF, 0), 0, 0, 1, 0, 1, 1, 0);
    }

    @Test
    void abs() {
        check(Tensor::abs, Shape.of(7), ODDITIES, row(0, 0, 2, 3, NAN, INF, INF), 0, 0, 1, -1, 0, 1, -1);
    }

    @Test
    void clampHasTheGradientAtItsBounds() {
        check(
                x -> x.clamp(-1, 2),
                Shape.of(8),
                row(-1, 2, -3, 3, 0, INF, -INF, -0f),
                row(-1, 2, -1, 2, 0, 2, -1, -0f),
                1,
                1,
                0,
                0,
                1,
                0,
                0,
                1);
        check(x -> x.clamp(3, 3), Shape.of(2), row(3, NAN), row(3, NAN), 1, 1);
    }

    @Test
    void maximaAndMinimaShareTheirGradient() {
        Shape shape = Shape.of(2, 3);
        float third = 1 / 3f;
        check(x -> x.max(1), shape, row(1, 3, 3, -INF, -INF, -INF), row(3, -INF), 0, 0.5f, 0.5f, third, third, third);
        check(x -> x.min(-1), shape, row(1, 1, 3, INF, INF, INF), row(1, INF), 0.5f, 0.5f, 0, third, third, third);
        check(x -> x.min(0), shape, row(1, 2, NAN, 0, 5, 1), row(0, 2, NAN), 0, 1, NAN, 1, 0, NAN);
        check(Tensor::max, shape, row(1, 7, 3, 4, 5, 6), row(7), 0, 1, 0, 0, 0, 0);
        check(Tensor::min, shape, row(1, 7, 3, 4, 1, 6), row(1), 0.5f, 0, 0, 0, 0.5f, 0);
        check(x -> x.min(0, 1), shape, row(1, 7, 3, 4, -0f, 6), row(-0f), 0, 0, 0, 0, 1, 0);
        check(x -> x.max(0), Shape.of(0, 2), row(), row(-INF, -INF));
        check(x -> x.min(0), Shape.of(0, 2), row(), row(INF, INF));
    }

    @Test
    void argmaxIsTheFirstOfEqualsAndTheFirstNan() {
        Shape shape = Shape.of(4, 3);
        check(x -> x.argmax(1), shape, row(1, 3, 3, -INF, -INF, -INF, 1, NAN, INF, NAN, 2, NAN), row(1, 0, 1, 0));
        check(x -> x.argmin(-1), shape, row(1, 1, 3, INF, INF, INF, 1, NAN, -INF, NAN, 2, NAN), row(0, 0, 1, 0));
        check(x -> x.argmax(0), Shape.of(3, 2), row(1, 9, 5, 8, 5, 9), row(1, 0));
        check(x -> x.argmax(1), Shape.of(2, 1, 2), row(1, 9, 5, 8), row(0, 0, 0, 0));
        check(x -> x.argmax(1), Shape.of(0, 3), row(), row());
        assertThat(variable(shape, new float[12]).argmax(1).shape()).isEqualTo(Shape.of(4));
        assertThat(variable(shape, new float[12]).argmax(1).dtype()).isEqualTo(DType.I32);
    }

    @Test
    void topkIsSortedTakesTheFirstOfEqualsAndNanFirst() {
        Shape shape = Shape.of(4, 4);
        float[] x = {1, 3, 3, 2, -INF, -INF, 5, -INF, 1, NAN, INF, 0, NAN, 2, NAN, 1};
        check(
                in -> in.topk(3, 1).values(),
                shape,
                x,
                row(3, 3, 2, 5, -INF, -INF, NAN, INF, 1, NAN, NAN, 2),
                0,
                1,
                1,
                1,
                1,
                1,
                1,
                0,
                1,
                1,
                1,
                0,
                1,
                1,
                1,
                0);
        List<float[]> indices = evaluate(List.of(variable(shape, x).topk(3, 1).indices()));
        assertThat(indices.getFirst()).containsExactly(1, 2, 3, 2, 0, 1, 1, 2, 0, 0, 2, 1);
        Tensor columns = variable(Shape.of(3, 2), 1, 6, 2, 5, 3, 4);
        assertThat(evaluate(List.of(columns.topk(2, 0).values())).getFirst()).containsExactly(3, 6, 2, 5);
        assertThat(evaluate(List.of(columns.topk(3, 0).indices())).getFirst()).containsExactly(2, 0, 1, 1, 0, 2);
    }

    /** Against sorting. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 40})
    void topkOfAllIsSorting(int extent) {
        SplittableRandom random = new SplittableRandom(extent);
        float[] values = new float[extent];
        for (int i = 0; i < extent; i++) {
            values[i] = random.nextInt(10);
        }
        float[] sorted = values.clone();
        Arrays.sort(sorted);
        float[] descending = new float[extent];
        for (int i = 0; i < extent; i++) {
            descending[i] = sorted[extent - 1 - i];
        }
        Tensor x = variable(Shape.of(extent), values);
        TopK all = x.topk(extent, 0);
        List<float[]> found = evaluate(List.of(all.values(), all.indices()));
        assertThat(found.get(0)).containsExactly(descending);
        for (int i = 0; i < extent; i++) {
            int index = (int) found.get(1)[i];
            assertThat(values[index]).isEqualTo(descending[i]);
            if (i > 0 && descending[i] == descending[i - 1]) {
                assertThat(index).isGreaterThan((int) found.get(1)[i - 1]);
            }
        }
    }

    @Test
    void cumsumLetsNothingFlowBack() {
        check(
                x -> x.cumsum(1),
                Shape.of(3, 4),
                row(1, 2, 3, 4, 1, INF, 2, -INF, NAN, 1, 2, 3),
                row(1, 3, 6, 10, 1, INF, INF, NAN, NAN, NAN, NAN, NAN),
                4,
                3,
                2,
                1,
                4,
                3,
                2,
                1,
                4,
                3,
                2,
                1);
        check(x -> x.cumsum(0), Shape.of(3, 2), row(1, 10, 2, 20, 3, 30), row(1, 10, 3, 30, 6, 60), 3, 3, 2, 2, 1, 1);
        check(x -> x.cumsum(0), Shape.of(1), row(-5), row(-5), 1);
        check(x -> x.cumsum(0), Shape.of(0), row(), row());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8, 9, 77, 1000})
    void cumsumAddsUp(int extent) {
        SplittableRandom random = new SplittableRandom(extent);
        float[] values = new float[extent];
        float[] expected = new float[extent];
        double sum = 0;
        for (int i = 0; i < extent; i++) {
            values[i] = (float) random.nextDouble(0.5, 1.5);
            sum += values[i];
            expected[i] = (float) sum;
        }
        Tensor sums = variable(Shape.of(extent), values).cumsum(0);
        assertClose("sums", evaluate(List.of(sums)).getFirst(), expected, 1e-6f);
    }

    @Test
    void comparisonsWithNanAreFalse() {
        Tensor x = variable(Shape.of(4), 1, NAN, -0f, 3);
        Tensor y = variable(Shape.of(4), 2, 1, 0, 3);
        List<float[]> found = evaluate(List.of(x.less(y), y.less(x), x.equalTo(y), x.equalTo(x)));
        assertThat(found.get(0)).containsExactly(1, 0, 0, 0);
        assertThat(found.get(1)).containsExactly(0, 0, 0, 0);
        assertThat(found.get(2)).containsExactly(0, 0, 1, 1);
        assertThat(found.get(3)).containsExactly(1, 0, 1, 1);
    }

    @Test
    void whereHidesWhatIsNotTaken() {
        Tensor x = variable(Shape.of(4), 1, NAN, -1, 0);
        Tensor y = variable(Shape.of(4), 5, 6, NAN, 8);
        Tensor out = Tensor.where(x.greater(Tensor.scalar(0)), x, y);
        List<Tensor> gradients = Gradients.of(out, Tensor.full(1, out.shape()), List.of(x, y));
        List<float[]> found = evaluate(List.of(out, gradients.get(0), gradients.get(1)));
        assertThat(found.get(0)).containsExactly(1, 6, NAN, 8);
        assertThat(found.get(1)).containsExactly(1, 0, 0, 0);
        assertThat(found.get(2)).containsExactly(0, 1, 1, 1);
    }

    @Test
    void rangesCount() {
        List<float[]> found = evaluate(List.of(Tensor.range(4), Tensor.range(0), Tensor.range(1)));
        assertThat(found.get(0)).containsExactly(0, 1, 2, 3);
        assertThat(found.get(1)).isEmpty();
        assertThat(found.get(2)).containsExactly(0);
    }
}
