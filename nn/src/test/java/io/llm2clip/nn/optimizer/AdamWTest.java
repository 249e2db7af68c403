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
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.lang.foreign.Arena;
import java.nio.file.Path;
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

    private static List<TensorData> gradients(int step) {
        return List.of(Goldens.data("adamw/grad.weight." + step), Goldens.data("adamw/grad.bias." + step));
    }

    @Test
    void stepsAreThoseOfPyTorch() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters)) {
            for (int step = 1; step <= 5; step++) {
                float norm = optimizer.step(gradients(step), 0.1f);
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
                AdamW resumed = optimizer(copies)) {
            optimizer.step(gradients(1), 0.1f);
            optimizer.save(file);
            resumed.load(file);
            copies.get("weight").data().copyFrom(parameters.get("weight").data());
            copies.get("bias").data().copyFrom(parameters.get("bias").data());
            optimizer.step(gradients(2), 0.1f);
            resumed.step(gradients(2), 0.1f);
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
                AdamW optimizer = optimizer(parameters)) {
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
                AdamW optimizer = optimizer(parameters)) {
            float[] before = parameters.get("weight").data().toFloats();
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                TensorData broken = TensorData.of(Shape.of(4), 0, 0, bad, 0);
                assertThatThrownBy(() -> optimizer.step(List.of(gradients(1).getFirst(), broken), 0.1f))
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
                AdamW optimizer = optimizer(parameters)) {
            String start = parameters.digest();
            assertThat(optimizer.returnToKept()).isZero();
            assertThat(parameters.digest()).isEqualTo(start);
            optimizer.keepAtNextStep();
            TensorData broken = TensorData.of(Shape.of(4), 0, 0, Float.NaN, 0);
            assertThatThrownBy(() -> optimizer.step(List.of(gradients(1).getFirst(), broken), 0.1f))
                    .isInstanceOf(NonFiniteStepException.class);
            optimizer.step(gradients(1), 0.1f);
            String first = parameters.digest();
            optimizer.step(gradients(2), 0.1f);
            assertThat(optimizer.returnToKept()).isZero();
            assertThat(parameters.digest()).isEqualTo(start).isNotEqualTo(first);
            optimizer.step(gradients(1), 0.1f);
            String second = parameters.digest();
            optimizer.keepAtNextStep();
            optimizer.step(gradients(2), 0.1f);
            assertThat(optimizer.returnToKept()).isEqualTo(3);
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
            EngineMemory.limit(before + moments + 12 * Float.BYTES);
            try (AdamW optimizer =
                    new AdamW(groups, OPTIONS, TestExecution.get().device())) {
                optimizer.keepAtNextStep();
                String start = parameters.digest();
                for (int i = 0; i < 2; i++) {
                    assertThatThrownBy(() -> optimizer.step(gradients(1), 0.1f)).isInstanceOf(OutOfMemoryError.class);
                    assertThat(EngineMemory.liveBytes()).isEqualTo(before + moments);
                    assertThat(parameters.digest()).isEqualTo(start);
                    assertThat(optimizer.steps()).isZero();
                }
                EngineMemory.limit(Long.MAX_VALUE);
                optimizer.step(gradients(1), 0.1f);
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
                AdamW optimizer = optimizer(parameters)) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1e-3f}) {
                assertThatThrownBy(() -> optimizer.step(gradients(1), bad))
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
    void gradientsMustFit() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters)) {
            assertThatThrownBy(() -> optimizer.step(List.of(), 0.1f))
                    .hasMessageContaining("2 parameters with 0 gradients");
            assertThatThrownBy(() -> optimizer.step(gradients(1).reversed(), 0.1f))
                    .hasMessage("Gradient F32 [4] of parameter weight [3, 4]; expected F32 of the parameter's shape.");
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
            optimizer.step(gradients(1), 0.1f);
            optimizer.close();
            optimizer.close();
            assertThat(with - EngineMemory.liveBytes()).isEqualTo(2 * (12 + 4) * 4);
        }
    }

    @Test
    void closedMemoryIsAnErrorNotACrash() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters)) {
            optimizer.step(gradients(1), 0.1f);
            parameters.close();
            assertThatThrownBy(() -> optimizer.step(gradients(2), 0.1f))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "AdamW step with closed memory of weight [3, 4]; close optimizer and parameters after the last step.");
        }
        try (Parameters parameters = new Parameters(0)) {
            AdamW optimizer = optimizer(parameters);
            optimizer.close();
            assertThatThrownBy(() -> optimizer.step(gradients(1), 0.1f)).isInstanceOf(IllegalStateException.class);
        }
    }

    /** A program of gradients that is closed before the optimizer: what it freed may be somebody else's memory. */
    @Test
    void freedGradientsAreAnErrorNotACrash() {
        try (Parameters parameters = new Parameters(0);
                AdamW optimizer = optimizer(parameters)) {
            Arena arena = Arena.ofShared();
            List<TensorData> gradients = List.of(
                    TensorData.allocate(arena, Shape.of(3, 4), DType.F32),
                    TensorData.allocate(arena, Shape.of(4), DType.F32));
            optimizer.step(gradients, 0.1f);
            arena.close();
            assertThatThrownBy(() -> optimizer.step(gradients, 0.1f))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "The gradients of parameter weight [3, 4] were freed; close the program that computes them"
                                    + " after the last step.");
        }
    }

    @Test
    void normOfManyBlocks() {
        float[] values = new float[200_003];
        java.util.Arrays.fill(values, 0.5f);
        List<TensorData> gradients = List.of(
                TensorData.of(Shape.of(0)),
                TensorData.of(Shape.of(values.length), values),
                TensorData.of(Shape.of(1), 3));
        try (GradientNorm norm = new GradientNorm(Device.cpu(), gradients)) {
            assertThat(norm.squares()).containsExactly(0, values.length * 0.25, 9);
        }
    }
}
