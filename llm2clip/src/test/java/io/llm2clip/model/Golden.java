package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** A file of {@code tests/reference/small_models.py}: weights, inputs and what PyTorch made of them. */
record Golden(Checkpoint file) implements AutoCloseable {
    private static final String GRADIENT = "golden.gradient.";
    private static final double TOLERANCE = 1e-5;
    private static final double GRADIENTS = 1e-4;

    static Golden open(String name) {
        return new Golden(Checkpoint.open(path(name + ".safetensors")));
    }

    static Path path(String name) {
        try {
            return Path.of(
                    Objects.requireNonNull(Golden.class.getResource(name)).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** Sets all parameters; {@code storedName} translates their names to the file's. */
    void fill(List<Parameter> parameters, UnaryOperator<String> storedName) {
        ParameterFiles.load(parameters, file, storedName, _ -> true);
    }

    Tensor floats(String name) {
        return Tensor.variable(name, TensorData.of(shape("golden." + name), file.readFloats("golden." + name)));
    }

    Tensor ints(String name) {
        StoredTensor stored = file.tensor("golden." + name);
        int[] values = stored.data().toArray(ValueLayout.JAVA_INT_UNALIGNED);
        return Tensor.variable(name, TensorData.ofInts(shape("golden." + name), values));
    }

    /** Compares by the largest difference over the largest magnitude. */
    void assertEqual(Tensor actual, String name) {
        assertEqual(actual, name, TOLERANCE);
    }

    private void assertEqual(Tensor actual, String name, double tolerance) {
        assertThat(actual.shape()).isEqualTo(shape(name));
        assertClose(actual.evaluate().toFloats(), file.readFloats(name), name, tolerance);
    }

    /** Compares the gradients of {@code sum(output * golden.direction)} that the file holds, and asks that it holds some. */
    void assertGradients(Tensor output, List<Parameter> parameters, UnaryOperator<String> storedName) {
        Tensor loss = output.mul(floats("direction")).sum();
        int compared = 0;
        for (Parameter parameter : parameters) {
            String name = GRADIENT + storedName.apply(parameter.name());
            if (file.entries().containsKey(name)) {
                assertEqual(Gradients.of(loss, List.of(parameter.tensor())).getFirst(), name, GRADIENTS);
                compared++;
            }
        }
        assertThat(compared)
                .isEqualTo((int) file.entries().keySet().stream()
                        .filter(n -> n.startsWith(GRADIENT))
                        .count())
                .isPositive();
    }

    static void assertClose(float[] actual, float[] expected, String name) {
        assertClose(actual, expected, name, TOLERANCE);
    }

    static void assertGradientClose(float[] actual, float[] expected, String name) {
        assertThat(actual).as(name).hasSameSizeAs(expected);
        assertClose(actual, expected, name, GRADIENTS);
    }

    private static void assertClose(float[] actual, float[] expected, String name, double tolerance) {
        float scale = 0;
        for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(scale).as("magnitude of %s", name).isPositive();
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i] / scale).as("%s[%d]", name, i).isCloseTo(expected[i] / scale, within((float)
                    tolerance));
        }
    }

    private Shape shape(String name) {
        return Shape.of(file.tensor(name).shape().stream().map(Math::toIntExact).toList());
    }

    @Override
    public void close() {
        file.close();
    }
}
