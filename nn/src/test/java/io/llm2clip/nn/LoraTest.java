package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraTest {
    private static final Tensor X = Tensor.variable("x", TensorData.of(Shape.of(2, 3), 1, -2, 3, 0.5f, 4, -1));

    @Test
    void changesNothingAtFirstAndNothingWhenMerged() {
        try (Parameters parameters = new Parameters(1)) {
            Linear linear = Linear.create(parameters.root(), 3, 4, true);
            float[] plain = linear.apply(X).evaluate(TestExecution.get()).toFloats();
            Lora lora = Lora.attach(parameters.root().scope("update"), linear, 2, 6);
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

    @Test
    void severalUpdatesAddUp() {
        try (Parameters parameters = new Parameters(1)) {
            Linear linear = Linear.create(parameters.root(), 3, 4, true);
            float[] plain = linear.apply(X).evaluate(TestExecution.get()).toFloats();
            Lora first = Lora.attach(parameters.root().scope("first"), linear, 2, 6);
            first.b().data().fill(1, 2, 3, 4, 5, 6, 7, 8);
            float[] one = linear.apply(X).evaluate(TestExecution.get()).toFloats();
            Lora second = new Lora(first.a(), first.b(), 0, first.rows(), 2 * first.scale());
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
            Lora lora = Lora.attach(root, linear, 2, 2);
            assertThatThrownBy(() -> Lora.attach(root.scope("none"), other, 0, 2))
                    .hasMessage("rank must be from 1 to 65536, found 0.");
            assertThatThrownBy(() -> Lora.attach(root.scope("none"), other, 2, -2))
                    .hasMessage("alpha must be above 0 and at most 65536, found -2.");
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
            Lora lora = Lora.attach(updates.root(), linear, 2, 6);
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
