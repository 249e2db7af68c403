package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.RandomTensors;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraTest {
    private static final Tensor X = Tensor.variable("x", TensorData.of(Shape.of(2, 3), 1, -2, 3, 0.5f, 4, -1));

    @Test
    void changesNothingAtFirstAndNothingWhenMerged() {
        try (Parameters parameters = new Parameters(1)) {
            Linear linear = Linear.create(parameters.root(), 3, 4, true);
            float[] plain = linear.apply(X).evaluate(TestExecution.get()).toFloats();
            Lora lora = Lora.attach(parameters.root().scope("update"), linear, LoraSettings.of(2, 6));
            assertThat(linear.apply(X).evaluate(TestExecution.get()).toFloats()).containsExactly(plain);

            lora.b().data().fill(1, 2, 3, 4, 5, 6, 7, 8);
            float[] updated = linear.apply(X).evaluate(TestExecution.get()).toFloats();
            assertThat(Math.abs(updated[0] - plain[0])).isGreaterThan(1e-3f);
            linear.merge();
            assertThat(linear.apply(X).evaluate(TestExecution.get()).toFloats())
                    .containsExactly(updated, within(1e-4f));
            float[] weight = linear.weight().data().toFloats();
            linear.merge();
            assertThat(linear.weight().data().toFloats()).containsExactly(weight);
        }
    }

    private static final Tensor STEP = Tensor.variable("step", TensorData.ofInts(Shape.of(1), 7));

    /** PEFT's forward for the same mask, which the script of the reference values draws for itself. */
    @Test
    void dropoutIsThatOfPyTorch() {
        Goldens.check("lora_dropout", scope -> {
            Linear linear = Linear.create(scope, 6, 5, true);
            Lora.attach(scope, linear, new LoraSettings(3, 6, 0.25f));
            return x -> Dropout.build(new RandomTensors(5, STEP), () -> linear.apply(x));
        });
    }

    @Test
    void dropoutIsOfTrainingOnlyAndOtherwiseEachStepAndLayer() {
        try (Parameters parameters = new Parameters(1)) {
            Scope root = parameters.root();
            Linear linear = Linear.create(root, 3, 4, false);
            Lora lora = Lora.attach(root.scope("one"), linear, new LoraSettings(2, 6, 0.5f));
            Linear other = Linear.create(root.scope("other"), 3, 4, false);
            Lora otherLora = Lora.attach(root.scope("two"), other, new LoraSettings(2, 6, 0.5f));
            lora.b().data().fill(1, 2, 3, 4, 5, 6, 7, 8);
            otherLora.b().data().fill(1, 2, 3, 4, 5, 6, 7, 8);
            otherLora.a().data().fill(lora.a().data().toFloats());
            other.weight().data().fill(linear.weight().data().toFloats());
            Tensor x = Tensor.full(1, Shape.of(64, 3));
            float[] plain = values(linear.apply(x));
            assertThat(plain).containsExactly(values(other.apply(x)));
            Tensor step = Tensor.variable("step", TensorData.ofInts(Shape.of(1), 8));
            float[] dropped = values(Dropout.build(new RandomTensors(5, STEP), () -> linear.apply(x)));
            assertThat(dropped)
                    .isNotEqualTo(plain)
                    .containsExactly(values(Dropout.build(new RandomTensors(5, STEP), () -> linear.apply(x))))
                    .isNotEqualTo(values(Dropout.build(new RandomTensors(5, step), () -> linear.apply(x))))
                    .isNotEqualTo(values(Dropout.build(new RandomTensors(6, STEP), () -> linear.apply(x))))
                    .isNotEqualTo(values(Dropout.build(new RandomTensors(5, STEP), () -> other.apply(x))));
            // Blocks that are computed again draw the same.
            assertThat(values(Dropout.build(
                            new RandomTensors(5, STEP),
                            () -> Blocks.build(true, () -> Blocks.apply(x, linear::apply)))))
                    .containsExactly(dropped);
            linear.merge();
            assertThat(values(Dropout.build(new RandomTensors(5, STEP), () -> linear.apply(x))))
                    .containsExactly(plain, within(1e-4f));
        }
    }

    private static float[] values(Tensor tensor) {
        return tensor.evaluate(TestExecution.get()).toFloats();
    }

    /** Neither random numbers nor dropped inputs of all layers are kept for the backward pass. */
    @Test
    void dropoutTakesNoMemoryOfItsOwn() {
        try (Parameters parameters = new Parameters(1)) {
            List<Linear> layers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Linear linear = Linear.create(parameters.root().scope(i), 1024, 1024, false);
                Lora.attach(parameters.root().scope(i), linear, new LoraSettings(4, 8, 0.1f));
                layers.add(linear);
            }
            Tensor x = Tensor.input("x", Shape.of(2048, 1024), DType.F32);
            long states = 4L * x.shape().size();
            long plain = workspace(parameters, () -> through(layers, x));
            long dropped =
                    workspace(parameters, () -> Dropout.build(new RandomTensors(5, STEP), () -> through(layers, x)));
            assertThat(dropped).isLessThan(plain + 3 * states);
        }
    }

    private static Tensor through(List<Linear> layers, Tensor x) {
        Tensor state = x;
        for (Linear layer : layers) {
            state = Blocks.apply(state, layer::apply);
        }
        return state.sum();
    }

    private static long workspace(Parameters parameters, Supplier<Tensor> loss) {
        List<Tensor> updates = parameters.all().stream()
                .filter(parameter -> parameter.name().contains("lora"))
                .map(Parameter::tensor)
                .toList();
        Execution planned = new Execution(Device.cpu(), ProgramOptions.DEFAULT.asPlan());
        try (Program program = Program.compile(Gradients.of(loss.get(), updates), planned)) {
            return program.memory().workspace();
        }
    }

    @Test
    void severalUpdatesAddUp() {
        try (Parameters parameters = new Parameters(1)) {
            Linear linear = Linear.create(parameters.root(), 3, 4, true);
            float[] plain = linear.apply(X).evaluate(TestExecution.get()).toFloats();
            Lora first = Lora.attach(parameters.root().scope("first"), linear, LoraSettings.of(2, 6));
            first.b().data().fill(1, 2, 3, 4, 5, 6, 7, 8);
            float[] one = linear.apply(X).evaluate(TestExecution.get()).toFloats();
            Lora second = new Lora(first.a(), first.b(), 0, first.rows(), 2 * first.scale(), 0);
            linear.attach(second);
            assertThat(linear.updates()).containsExactly(first, second);
            float[] three = linear.apply(X).evaluate(TestExecution.get()).toFloats();
            for (int i = 0; i < plain.length; i++) {
                assertThat(three[i] - plain[i]).isCloseTo(3 * (one[i] - plain[i]), within(1e-4f));
            }
            linear.merge();
            assertThat(linear.updates()).isEmpty();
            assertThat(linear.apply(X).evaluate(TestExecution.get()).toFloats()).containsExactly(three, within(1e-4f));
        }
    }

    @Test
    void refusesAWrongShape() {
        try (Parameters parameters = new Parameters(1)) {
            Scope root = parameters.root();
            Linear linear = Linear.create(root, 3, 4, false, Initializer.zeros());
            Linear other = Linear.create(root.scope("other"), 4, 4, false, Initializer.zeros());
            Lora lora = Lora.attach(root, linear, LoraSettings.of(2, 2));
            assertThatThrownBy(() -> Lora.attach(root.scope("none"), other, LoraSettings.of(0, 2)))
                    .hasMessage("rank must be from 1 to 65536, found 0.");
            assertThatThrownBy(() -> Lora.attach(root.scope("none"), other, LoraSettings.of(2, -2)))
                    .hasMessage("alpha must be above 0 and at most 65536, found -2.");
            assertThatThrownBy(() -> new LoraSettings(2, 4, 1))
                    .hasMessage("dropout must be at least 0 and below 1, found 1.");
            assertThatThrownBy(() -> new LoraSettings(2, 4, Float.NaN))
                    .hasMessage("dropout must be at least 0 and below 1, found NaN.");
            assertThatThrownBy(() -> other.attach(lora))
                    .hasMessage("Low-rank update of shape [4, 3] for other.weight [4, 4]; expected shape [4, 4].");
        }
    }

    /** The frozen weight stays as it is in the file; what is merged is another one. */
    @Test
    void mergesIntoAFrozenWeight(@TempDir Path directory) {
        Path file = directory.resolve("model.safetensors");
        SafetensorsWriter.write(
                file,
                Map.of(
                        "weight", StoredTensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 4, 3),
                        "bias", StoredTensor.of(new float[] {1, 0, 0, -1}, 4)),
                Map.of());
        try (Parameters frozen = Parameters.frozen();
                Parameters updates = new Parameters(1);
                Checkpoint source = Checkpoint.open(file)) {
            Linear linear = Linear.create(frozen.root(), 3, 4, true);
            ParameterFiles.load(frozen.all(), source);
            Lora lora = Lora.attach(updates.root(), linear, LoraSettings.of(2, 6));
            lora.b().data().fill(1, 2, 3, 4, 5, 6, 7, 8);
            TensorData before = linear.weight().data();
            try (Program program = Program.compile(List.of(linear.apply(X)), TestExecution.get())) {
                float[] updated = program.run().getFirst().toFloats().clone();
                linear.merge();
                assertThat(linear.apply(X).evaluate(TestExecution.get()).toFloats())
                        .containsExactly(updated, within(1e-4f));
                assertThat(linear.weight().data()).isNotSameAs(before);
                assertThat(linear.weight().data().isFrozen()).isTrue();
                assertThat(source.tensor("weight").toFloats()).containsExactly(before.toFloats());
                // It would go on with the old weight.
                assertThatThrownBy(program::run)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("while a program still reads it");
            }
        }
    }
}
