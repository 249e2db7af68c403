package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers that are random to who looks at many of them, and the same for who asks for the same. */
class RandomTensorsTest {
    private static final int MANY = 1 << 16;

    private final Tensor step = Tensor.input("step", Shape.of(), DType.I32);
    private final RandomTensors random = new RandomTensors(7, step);

    private float[] draw(Tensor tensor, int number) {
        TensorData fed = TensorData.ofInts(Shape.of(), number);
        float[] interpreted = Interpreter.evaluate(List.of(tensor), Map.of(step, fed))
                .getFirst()
                .toFloats();
        try (Program program = Program.compile(List.of(tensor), TestExecution.get())) {
            program.feed(step, fed);
            float[] compiled = program.run().getFirst().toFloats();
            assertThat(compiled).containsExactly(interpreted, within(2e-5f));
            return compiled;
        }
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    private static double product(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum / a.length;
    }

    @Test
    void uniformNumbersFillTheirRangeEvenly() {
        float[] numbers = draw(random.uniform("a", Shape.of(MANY)), 3);
        int[] counts = new int[64];
        for (float number : numbers) {
            assertThat(number).isGreaterThanOrEqualTo(0).isLessThan(1);
            assertThat(number * 0x1p24f % 1).isZero();
            counts[(int) (number * counts.length)]++;
        }
        double chiSquared = 0;
        double expected = (double) MANY / counts.length;
        for (int count : counts) {
            chiSquared += (count - expected) * (count - expected) / expected;
        }
        assertThat(chiSquared).as("of 63 degrees of freedom").isBetween(30.0, 110.0);
    }

    @Test
    void normalNumbersHaveTheirMoments() {
        float[] numbers = draw(random.normal("a", Shape.of(MANY)), 0);
        float[] squares = new float[MANY];
        for (int i = 0; i < MANY; i++) {
            assertThat(numbers[i]).isFinite();
            squares[i] = numbers[i] * numbers[i];
        }
        assertThat(mean(numbers)).isCloseTo(0, within(0.02));
        assertThat(mean(squares)).isCloseTo(1, within(0.03));
        assertThat(product(squares, squares)).as("kurtosis").isCloseTo(3, within(0.2));
        assertThat(product(numbers, squares)).as("skewness").isCloseTo(0, within(0.1));
    }

    /** Whoever has drawn what before, and in whatever shape. */
    @Test
    void theSameStreamAndStepAreTheSameNumbers() {
        Shape shape = Shape.of(3, 41);
        float[] once = draw(random.uniform("a", shape), 5);
        Tensor later = new RandomTensors(7, step).uniform("a", Shape.of(123));
        assertThat(draw(later.add(random.uniform("b", Shape.of(123)).mul(0)), 5))
                .containsExactly(once);
        float[] longer = draw(random.uniform("a", Shape.of(200)), 5);
        assertThat(longer).startsWith(once);
    }

    @Test
    void otherStreamsStepsAndSeedsAreOtherNumbers() {
        Shape shape = Shape.of(MANY);
        Set<Float> firsts = new HashSet<>();
        float[] a = draw(random.uniform("a", shape), 5);
        for (float[] other : List.of(
                draw(random.uniform("b", shape), 5),
                draw(random.uniform("a", shape), 6),
                draw(random.uniform("a", shape), -6),
                draw(new RandomTensors(8, step).uniform("a", shape), 5))) {
            assertThat(product(a, other) - mean(a) * mean(other))
                    .as("covariance")
                    .isCloseTo(0, within(2e-3));
            firsts.add(other[0]);
        }
        assertThat(firsts).hasSize(4).doesNotContain(a[0]);
    }

    @ParameterizedTest
    @ValueSource(floats = {0.1f, 0.5f, 0.9f})
    void dropoutKeepsTheMeanAndDropsItsShare(float rate) {
        Tensor ones = Tensor.full(1, Shape.of(256, 256));
        float[] dropped = draw(random.dropout("layer", ones, rate), 1);
        int zeros = 0;
        for (float value : dropped) {
            zeros += value == 0 ? 1 : 0;
            assertThat(value == 0 || value == 1 / (1 - rate)).isTrue();
        }
        double deviation = Math.sqrt(rate * (1 - rate) / MANY);
        assertThat(zeros / (double) MANY).isCloseTo(rate, within(4 * deviation));
        assertThat(mean(dropped)).isCloseTo(1, within(4 * deviation / (1 - rate)));
    }

    @Test
    void gradientsFlowWhereElementsWereKept() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(4, 50), filled(3, 200)));
        Tensor dropped = random.dropout("layer", x, 0.4f);
        Tensor gradient = Gradients.of(dropped.sum(), List.of(x)).getFirst();
        float[] values = draw(dropped, 2);
        float[] slopes = draw(gradient, 2);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).isEqualTo(slopes[i] * 3, within(1e-5f));
        }
        assertThat(slopes).contains(0).contains(1 / (1 - 0.4f));
    }

    private static float[] filled(float value, int count) {
        float[] values = new float[count];
        java.util.Arrays.fill(values, value);
        return values;
    }

    @Test
    void nothingOrAllIsDropped() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(3), 1, Float.NaN, -2));
        assertThat(random.dropout("layer", x, 0)).isSameAs(x);
        assertThat(random.dropout("layer", x, 1).evaluate(TestExecution.get()).toFloats())
                .containsExactly(0, 0, 0);
        assertThat(draw(random.uniform("none", Shape.of(0, 3)), 1)).isEmpty();
    }

    @Test
    void aStepThatCountsUpDrawsAnew() {
        TensorData counter = TensorData.ofInts(Shape.of(1), 0);
        RandomTensors counted = new RandomTensors(1, Tensor.variable("step", counter));
        try (Program program = Program.compile(List.of(counted.uniform("a", Shape.of(100))), TestExecution.get())) {
            float[] first = program.run().getFirst().toFloats();
            counter.copyFrom(TensorData.ofInts(Shape.of(1), 1));
            float[] second = program.run().getFirst().toFloats();
            counter.copyFrom(TensorData.ofInts(Shape.of(1), 0));
            assertThat(second).isNotEqualTo(first);
            assertThat(program.run().getFirst().toFloats()).containsExactly(first);
        }
    }

    @Test
    void whatIsNoStepOrNoRateIsRefused() {
        assertThatThrownBy(() -> new RandomTensors(1, Tensor.input("step", Shape.of(2), DType.I32)))
                .isInstanceOf(TensorException.class)
                .hasMessage("Random tensors by step 'step' I32 [2]; expected one I32 element.");
        assertThatThrownBy(() -> new RandomTensors(1, Tensor.scalar(3)))
                .isInstanceOf(TensorException.class)
                .hasMessage("Random tensors by step F32 []; expected one I32 element.");
        for (float rate : new float[] {-0.1f, 1.1f, Float.NaN}) {
            assertThatThrownBy(() -> random.dropout("layer", Tensor.scalar(1), rate))
                    .isInstanceOf(TensorException.class)
                    .hasMessage("dropout: rate " + rate + "; expected 0 to 1.");
        }
    }
}
