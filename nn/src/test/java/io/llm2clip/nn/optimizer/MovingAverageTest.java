package io.llm2clip.nn.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MovingAverageTest {
    private static final int ROWS = 3;

    @TempDir
    Path folder;

    private long before;

    @BeforeEach
    void remember() {
        before = EngineMemory.liveBytes();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** A layer that is to make zeros of anything, in long steps. */
    private static final class Model implements AutoCloseable {
        private final Parameters parameters = new Parameters(3);
        private final Linear layer =
                Linear.create(parameters.root().scope("layer"), 5, 4, true, Initializer.fanInNormal());
        private final AdamW optimizer = new AdamW(
                ParameterGroups.of(parameters.all(), 0),
                AdamW.Options.DEFAULT,
                TestExecution.get().device());
        private final TrainStep step = TrainStep.compile(
                in -> layer.apply(in.getFirst()).square().mean(),
                List.of(new TrainStep.Input("rows", Shape.of(ROWS, 5), DType.F32)),
                optimizer,
                ProgramOptions.DEFAULT);

        void step(int number) {
            float[] values = new float[ROWS * 5];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) Math.sin(number + i);
            }
            step.run(List.of(TensorData.of(Shape.of(ROWS, 5), values)), 0.1f);
        }

        float[] weight() {
            return layer.weight().data().toFloats();
        }

        float[] average() {
            return optimizer.withAverage(this::weight);
        }

        @Override
        public void close() {
            step.close();
            optimizer.close();
            parameters.close();
        }
    }

    @Test
    void theDecayGrowsToTheOneAskedFor() {
        try (Model model = new Model()) {
            assertThat(model.average()).as("without an average").containsExactly(model.weight());
            double[] expected = new double[model.weight().length];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = model.weight()[i];
            }
            model.optimizer.average(0.5f);
            assertThat(model.average()).as("before a step").containsExactly(model.weight());
            for (int step = 1; step <= 20; step++) {
                model.step(step);
                double decay = Math.min(0.5, (1.0 + step) / (10.0 + step));
                float[] weight = model.weight();
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = decay * expected[i] + (1 - decay) * weight[i];
                    assertThat(model.average()[i]).isCloseTo((float) expected[i], within(1e-6f));
                }
                assertThat(model.weight()).as("as before").containsExactly(weight);
                assertThat(model.average()).isNotEqualTo(weight);
            }
        }
    }

    @Test
    void aStepThatIsNotMadeDoesNotCount() {
        try (Model model = new Model()) {
            model.optimizer.average(0.9f);
            model.step(1);
            float[] average = model.average();
            float[] broken = new float[ROWS * 5];
            broken[7] = Float.NaN;
            assertThatThrownBy(() -> model.step.run(List.of(TensorData.of(Shape.of(ROWS, 5), broken)), 0.1f))
                    .isInstanceOf(NonFiniteStepException.class);
            assertThat(model.average()).containsExactly(average);
        }
    }

    @Test
    void itIsSavedAndGoesOn() {
        Path file = folder.resolve("state.safetensors");
        try (Model model = new Model();
                Model resumed = new Model();
                Model plain = new Model()) {
            model.optimizer.average(0.9f);
            resumed.optimizer.average(0.9f);
            for (int step = 0; step < 3; step++) {
                model.step(step);
            }
            model.optimizer.save(file);
            // The moments of a weight and a bias, and as many averages as moments of one kind.
            assertThat(model.optimizer.stateBytes()).isEqualTo(3 * (20 + 4) * Float.BYTES);
            resumed.optimizer.load(file);
            resumed.parameters
                    .all()
                    .forEach(parameter -> parameter
                            .data()
                            .copyFrom(model.parameters.get(parameter.name()).data()));
            model.step(3);
            resumed.step(3);
            assertThat(resumed.average()).containsExactly(model.average());
            assertThatThrownBy(() -> plain.optimizer.load(file)).hasMessageContaining("layer.bias.ema");
        }
    }

    @Test
    void parametersComeBackFromWorkThatFails() {
        try (Model model = new Model()) {
            model.optimizer.average(0.9f);
            model.step(1);
            float[] weight = model.weight();
            assertThatThrownBy(() -> model.optimizer.withAverage(() -> {
                        throw new IllegalStateException("a measurement");
                    }))
                    .hasMessage("a measurement");
            assertThat(model.weight()).containsExactly(weight);
            float[] average = model.average();
            model.optimizer.useAverage();
            assertThat(model.weight()).containsExactly(average);
        }
    }

    @Test
    void badRequestsAreRefused() {
        try (Model model = new Model()) {
            assertThatThrownBy(() -> model.optimizer.average(1))
                    .hasMessage("ema must be at least 0 and below 1, found 1.");
            model.optimizer.average(0);
            assertThatThrownBy(() -> model.optimizer.average(0.9f))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("The parameters of this AdamW are averaged already; ask for it once.");
        }
    }
}
