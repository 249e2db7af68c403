package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.tensor.machine.Processor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs on the CPU in other precisions than f32, on machines that have them. */
class CpuPrecisionTest {

    /** A linear layer of frozen weights, which are packed, its gradient, and a product of two values: near f32, and not f32. */
    @ParameterizedTest
    @CsvSource({"BF16, 1e-5, 0.02", "BF16X3, 0, 5e-5"})
    void programsMultiplyAsTheyAreAsked(Precision precision, double least, double most) {
        String absence = Processor.absence(precision).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        Random random = new Random(1);
        TensorData weights = floats(Shape.of(96, 200), random).freeze();
        Tensor x = Tensor.variable("x", floats(Shape.of(33, 200), random));
        Tensor y = x.matmulTransposed(Tensor.variable("w", weights));
        Tensor gradient = Gradients.of(y.square().sum(), List.of(x)).getFirst();
        Tensor squares = y.matmul(y, true, false);
        List<Tensor> outputs = List.of(y, gradient, squares);
        Execution execution = new Execution(Device.cpu(), new ProgramOptions(precision));
        try (Program narrow = Program.compile(outputs, execution);
                Program exact = Program.compile(outputs, Execution.cpu())) {
            List<TensorData> found = narrow.run();
            List<TensorData> expected = exact.run();
            for (int i = 0; i < outputs.size(); i++) {
                double error =
                        relativeError(found.get(i).toFloats(), expected.get(i).toFloats());
                assertThat(error).as("output %d", i).isBetween(least, most);
            }
            assertThat(narrow.explain()).contains("tiles-" + precision);
        }
    }

    private static double relativeError(float[] found, float[] expected) {
        double squares = 0;
        double all = 0;
        for (int i = 0; i < found.length; i++) {
            squares += Math.pow(found[i] - expected[i], 2);
            all += Math.pow(expected[i], 2);
        }
        return Math.sqrt(squares / all);
    }

    private static TensorData floats(Shape shape, Random random) {
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return TensorData.of(shape, values);
    }
}
