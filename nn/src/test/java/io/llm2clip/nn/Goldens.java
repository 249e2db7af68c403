package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/** Values computed with PyTorch by {@code tests/reference/layers.py}, which says what the file holds. */
public final class Goldens {
    private static final Checkpoint FILE = open();

    private Goldens() {}

    /** By way of a copy, as other modules find the values in a jar, which cannot be mapped. */
    private static Checkpoint open() {
        try (InputStream stored = Objects.requireNonNull(Goldens.class.getResourceAsStream("goldens.safetensors"))) {
            Path copy = Files.createTempFile("goldens", ".safetensors");
            Files.copy(stored, copy, StandardCopyOption.REPLACE_EXISTING);
            copy.toFile().deleteOnExit();
            return Checkpoint.open(copy);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The stored values of this name. */
    public static TensorData data(String name) {
        int[] dims = FILE.tensor(name).shape().stream().mapToInt(Long::intValue).toArray();
        return TensorData.of(Shape.of(dims), FILE.readFloats(name));
    }

    /** Checks output and gradients of a function of inputs, in the order given. */
    public static void check(String test, List<String> inputs, Function<List<Tensor>, Tensor> function) {
        List<Tensor> variables = inputs.stream()
                .map(name -> Tensor.variable(name, data(test + "/in." + name)))
                .toList();
        check(test, inputs, variables, function.apply(variables));
    }

    /** Checks output and gradients of a layer of the input {@code x}, whose parameters are loaded before. */
    public static void check(String test, Function<Scope, Function<Tensor, Tensor>> layer) {
        try (Parameters parameters = new Parameters(0)) {
            Function<Tensor, Tensor> apply = layer.apply(parameters.root());
            ParameterFiles.load(
                    parameters.all(), FILE, name -> test + "/p." + name, name -> !name.startsWith(test + "/p."));
            Tensor x = Tensor.variable("x", data(test + "/in.x"));
            List<String> names = new ArrayList<>(List.of("x"));
            List<Tensor> variables = new ArrayList<>(List.of(x));
            parameters.all().forEach(parameter -> {
                names.add(parameter.name());
                variables.add(parameter.tensor());
            });
            check(test, names, variables, apply.apply(x));
        }
    }

    private static void check(String test, List<String> names, List<Tensor> variables, Tensor out) {
        List<Tensor> outputs = new ArrayList<>(List.of(out));
        Tensor seed = Tensor.variable("seed", data(test + "/seed"));
        outputs.addAll(Gradients.of(out, seed, variables));
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            List<TensorData> values = program.run();
            assertClose(values.getFirst(), data(test + "/out"), test + "/out");
            for (int i = 0; i < names.size(); i++) {
                String name = test + "/grad." + names.get(i);
                assertClose(values.get(i + 1), data(name), name);
            }
        }
    }

    /** Equality up to f32 rounding, relative to the largest element; gradients that are zero by symmetry round to 1e-6. */
    public static void assertClose(TensorData actual, TensorData expected, String name) {
        assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
        float[] wanted = expected.toFloats();
        float largest = 0.25f;
        for (float value : wanted) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(actual.toFloats()).as(name).containsExactly(wanted, within(2e-5f * largest));
    }
}
