package io.llm2clip.nn.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Goldens;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdamWTest {
    private static final AdamW.Options OPTIONS = new AdamW.Options(0.9f, 0.98f, 1e-6f, 3);

    @TempDir
    private Path directory;

    private static AdamW optimizer(Parameters parameters) {
        Parameter weight = parameters.root().create("weight", Shape.of(3, 4), Initializer.ones());
        Parameter bias = parameters.root().create("bias", Shape.of(4), Initializer.ones());
        weight.data().copyFrom(Goldens.data("adamw/weight.0"));
        bias.data().copyFrom(Goldens.data("adamw/bias.0"));
        return new AdamW(
                List.of(new ParameterGroup(List.of(weight), 1, 0.2f), new ParameterGroup(List.of(bias), 0.5f, 0)),
                OPTIONS,
                TestExecution.get().device());
    }

    /** A step of gradients that are fed. */
    private static final class Fed implements AutoCloseable {
        private final List<Tensor> gradients = new ArrayList<>();
        private final OptimizerProgram program;

        Fed(AdamW optimizer) {
            for (Parameter parameter : optimizer.parameters()) {
                gradients.add(Tensor.input(parameter.name(), parameter.shape(), DType.F32));
            }
            Tensor one = Tensor.scalar(1);
            program = new OptimizerProgram(optimizer, one, gradients, one, List.of(), ProgramOptions.DEFAULT);
        }

        /** Returns the norm. */
        float step(List<TensorData> values, float learningRate) {
            for (int i = 0; i < values.size(); i++) {
                program.program().feed(gradients.get(i), values.get(i));
            }
            assertThat(program.run(learningRate)).isEqualTo(1);
            return program.norm();
        }

        @Override
        public void close() {
            program.close();
        }
    }

    private static List<TensorData> gradients(int step) {
        return List.of(Goldens.data("adamw/grad.weight." + step), Goldens.data("adamw/grad.bias." + step));
    }

    @Test
    void stepsAreThoseOfPyTorch() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters);
                Fed fed = new Fed(optimizer)) {
            for (int step = 1; step <= 5; step++) {
                float norm = fed.step(gradients(step), 0.1f);
                float expected = Goldens.data("adamw/norm." + step).item();
                assertThat(norm).isCloseTo(expected, within(1e-6f * expected));
                for (String name : List.of("weight", "bias")) {
                    Goldens.assertClose(
                            parameters.get(name).data(), Goldens.data("adamw/" + name + "." + step), name + step);
                }
            }
            assertThat(optimizer.steps()).isEqualTo(5);
        }
    }

    @Test
    void resumesFromItsFileBitForBit() {
        Path file = directory.resolve("optimizer.safetensors");
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters);
                Parameters copies = new Parameters(0);
                AdamW resumed = optimizer(copies);
                Fed fed = new Fed(optimizer);
                Fed fedResumed = new Fed(resumed)) {
            fed.step(gradients(1), 0.1f);
            optimizer.save(file);
            resumed.load(file);
            copies.get("weight").data().copyFrom(parameters.get("weight").data());
            copies.get("bias").data().copyFrom(parameters.get("bias").data());
            fed.step(gradients(2), 0.1f);
            fedResumed.step(gradients(2), 0.1f);
            assertThat(resumed.steps()).isEqualTo(2);
            for (Parameter parameter : parameters.all()) {
                assertThat(copies.get(parameter.name()).data().toFloats())
                        .containsExactly(parameter.data().toFloats());
            }
        }
    }

    @Test
    void refusesAFileThatIsNotItsOwn() {
        Path file = directory.resolve("model.safetensors");
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters);
                Fed fed = new Fed(optimizer)) {
            ParameterFiles.save(parameters.all(), file, Map.of());
            assertThatThrownBy(() -> optimizer.load(file))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(file + ": expected the number of 'steps' in its metadata, found ''; "
                            + "pass a file written by AdamW.save.");
        }
    }

    @Test
    void nonFiniteGradientsChangeNothing() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters);
                Fed fed = new Fed(optimizer)) {
            float[] before = parameters.get("weight").data().toFloats();
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                TensorData broken = TensorData.of(Shape.of(4), 0, 0, bad, 0);
                assertThatThrownBy(() -> fed.step(List.of(gradients(1).getFirst(), broken), 0.1f))
                        .isInstanceOf(NonFiniteStepException.class)
                        .hasMessage("The step was skipped because the gradient of parameter bias [4] is not finite; "
                                + "lower the learning rate or check this batch.");
            }
            assertThat(parameters.get("weight").data().toFloats()).containsExactly(before);
            assertThat(optimizer.steps()).isZero();
        }
    }

    @Test
    void parametersReturnToThoseThatWereKept() {
        long before = EngineMemory.liveBytes();
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters);
                Fed fed = new Fed(optimizer)) {
            String start = parameters.digest();
            assertThat(optimizer.returnToKept()).isZero();
            assertThat(parameters.digest()).isEqualTo(start);
            optimizer.keepAtNextStep();
            TensorData broken = TensorData.of(Shape.of(4), 0, 0, Float.NaN, 0);
            assertThatThrownBy(() -> fed.step(List.of(gradients(1).getFirst(), broken), 0.1f))
                    .isInstanceOf(NonFiniteStepException.class);
            fed.step(gradients(1), 0.1f);
            String first = parameters.digest();
            fed.step(gradients(2), 0.1f);
            assertThat(optimizer.returnToKept()).isZero();
            assertThat(parameters.digest()).isEqualTo(start).isNotEqualTo(first);
            fed.step(gradients(1), 0.1f);
            String second = parameters.digest();
            optimizer.keepAtNextStep();
            fed.step(gradients(2), 0.1f);
            assertThat(optimizer.returnToKept()).isEqualTo(3);
            assertThat(parameters.digest()).isEqualTo(second);
            fed.step(gradients(1), 0.1f);
            optimizer.keepAtNextStep();
            assertThatThrownBy(() -> fed.step(List.of(gradients(1).getFirst(), broken), 0.1f))
                    .isInstanceOf(NonFiniteStepException.class);
            assertThat(optimizer.returnToKept())
                    .as("nothing has proved the newer ones")
                    .isEqualTo(3);
            assertThat(parameters.digest()).isEqualTo(second);
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Whichever of its allocations fails: nothing is left, nothing is half made, and it can be asked again. */
    @Test
    void memoryThatThereIsNotForMomentsOrKeptParametersLeavesNothing() {
        try (Parameters parameters = new Parameters(0)) {
            AdamW first = optimizer(parameters);
            first.close();
            long before = EngineMemory.liveBytes();
            List<ParameterGroup> groups = List.of(new ParameterGroup(parameters.all(), 1, 0));
            long moments = 2 * (12 + 4) * Float.BYTES;
            for (long room = 0; room < moments; room += 4 * Float.BYTES) {
                EngineMemory.limit(before + room);
                assertThatThrownBy(() ->
                                new AdamW(groups, OPTIONS, TestExecution.get().device()))
                        .isInstanceOf(OutOfMemoryError.class);
                assertThat(EngineMemory.liveBytes()).isEqualTo(before);
            }
            EngineMemory.limit(Long.MAX_VALUE);
            try (AdamW optimizer =
                            new AdamW(groups, OPTIONS, TestExecution.get().device());
                    Fed fed = new Fed(optimizer)) {
                optimizer.keepAtNextStep();
                String start = parameters.digest();
                long live = EngineMemory.liveBytes();
                for (long room = 0; room < moments; room += 4 * Float.BYTES) {
                    EngineMemory.limit(live + room);
                    assertThatThrownBy(() -> fed.step(gradients(1), 0.1f)).isInstanceOf(OutOfMemoryError.class);
                    assertThat(EngineMemory.liveBytes()).isEqualTo(live);
                    assertThat(parameters.digest()).isEqualTo(start);
                    assertThat(optimizer.steps()).isZero();
                }
                EngineMemory.limit(Long.MAX_VALUE);
                fed.step(gradients(1), 0.1f);
                assertThat(parameters.digest()).isNotEqualTo(start);
                assertThat(optimizer.returnToKept()).isZero();
                assertThat(parameters.digest()).isEqualTo(start);
            }
            assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        } finally {
            EngineMemory.limit(Long.MAX_VALUE);
        }
    }

    @Test
    void ratesOutsideTheirRangeAreRefused() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters);
                Fed fed = new Fed(optimizer)) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1e-3f}) {
                assertThatThrownBy(() -> fed.step(gradients(1), bad))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("learningRate must be finite and at least 0, found ");
            }
        }
        assertThatThrownBy(() -> new AdamW.Options(1, 0.9f, 1e-8f, 1))
                .hasMessage("beta1 must be at least 0 and below 1, found 1.");
        assertThatThrownBy(() -> AdamW.Options.DEFAULT.withClipNorm(0))
                .hasMessage("clipNorm must be above 0, found 0.");
        assertThatThrownBy(() -> new ParameterGroup(List.of(), 1, -0.1f))
                .hasMessage("weightDecay must be from 0 to 1, found -0.1.");
        assertThatThrownBy(() -> new LayerDecay(Double.NaN, 3))
                .hasMessage("decay must be above 0 and at most 1, found NaN.");
    }

    @Test
    void aParameterIsInOneGroup() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters)) {
            assertThat(optimizer.parameters()).hasSize(2);
            Parameter weight = parameters.get("weight");
            long memory = EngineMemory.liveBytes();
            assertThatThrownBy(() -> new AdamW(
                            List.of(new ParameterGroup(List.of(weight, weight), 1, 0)),
                            AdamW.Options.DEFAULT,
                            TestExecution.get().device()))
                    .hasMessage("Parameter weight [3, 4] is in two groups; expected each in one.");
            assertThat(EngineMemory.liveBytes()).isEqualTo(memory);
        }
    }

    @Test
    void memoryOfTheMomentsIsReturned() {
        try (Parameters parameters = new Parameters(0)) {
            AdamW optimizer = optimizer(parameters);
            long with = EngineMemory.liveBytes();
            try (Fed fed = new Fed(optimizer)) {
                fed.step(gradients(1), 0.1f);
            }
            optimizer.close();
            optimizer.close();
            assertThat(with - EngineMemory.liveBytes()).isEqualTo(2 * (12 + 4) * 4);
        }
    }

    @Test
    void closedMemoryIsAnErrorNotACrash() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters);
                Fed fed = new Fed(optimizer)) {
            fed.step(gradients(1), 0.1f);
            parameters.close();
            assertThatThrownBy(() -> fed.step(gradients(2), 0.1f))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "A variable F32 [3, 4] was freed while a program still reads it; close the program first.");
        }
        try (Parameters parameters = new Parameters(0)) {
            AdamW optimizer = optimizer(parameters);
            try (Fed fed = new Fed(optimizer)) {
                optimizer.close();
                assertThatThrownBy(() -> fed.step(gradients(1), 0.1f)).isInstanceOf(IllegalStateException.class);
            }
        }
    }

    @Test
    void normOfManyBlocks() {
        float[] values = new float[200_003];
        Arrays.fill(values, 0.5f);
        try (Parameters parameters = new Parameters(0)) {
            for (int size : new int[] {2, values.length, 1}) {
                parameters.root().create("p" + size, Shape.of(size), Initializer.zeros());
            }
            try (AdamW optimizer = new AdamW(
                            List.of(new ParameterGroup(parameters.all(), 1, 0)),
                            OPTIONS,
                            TestExecution.get().device());
                    Fed fed = new Fed(optimizer)) {
                float norm = fed.step(
                        List.of(
                                TensorData.of(Shape.of(2), 0, 4),
                                TensorData.of(Shape.of(values.length), values),
                                TensorData.of(Shape.of(1), 3)),
                        0.1f);
                double expected = Math.sqrt(values.length * 0.25 + 25);
                assertThat((double) norm).isCloseTo(expected, within(1e-6 * expected));
            }
        }
    }

    /** Squares of finite gradients may be too large each, or all together. */
    @Test
    void overflowIsSaidToBeWhereItIs() {
        try (Parameters parameters = new Parameters(0)) {
            for (int i = 0; i < 4; i++) {
                parameters.root().create("p" + i, Shape.of(1), Initializer.zeros());
            }
            try (AdamW optimizer = new AdamW(
                            List.of(new ParameterGroup(parameters.all(), 1, 0)),
                            OPTIONS,
                            TestExecution.get().device());
                    Fed fed = new Fed(optimizer)) {
                TensorData one = TensorData.of(Shape.of(1), 1);
                TensorData large = TensorData.of(Shape.of(1), 1.5e19f);
                TensorData larger = TensorData.of(Shape.of(1), 2e19f);
                assertThatThrownBy(() -> fed.step(List.of(one, larger, one, one), 0.1f))
                        .hasMessageContaining("because the gradient of parameter p1 [1] is not finite");
                assertThatThrownBy(() -> fed.step(List.of(large, large, one, one), 0.1f))
                        .hasMessageContaining("because the norm of all gradients is not finite");
                assertThat(fed.step(List.of(one, one, one, one), 0.1f)).isEqualTo(2);
                assertThat(optimizer.steps()).isOne();
            }
        }
    }
}
