package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import org.junit.jupiter.api.Test;

class LoraTest {
    private static final Tensor X = Tensor.variable("x", TensorData.of(Shape.of(2, 3), 1, -2, 3, 0.5f, 4, -1));

    @Test
    void changesNothingAtFirstAndNothingWhenMerged() {
        try (Parameters parameters = new Parameters(1)) {
            Linear linear = Linear.create(parameters.root(), 3, 4, true);
            float[] plain = linear.apply(X).evaluate().toFloats();
            Lora lora = Lora.attach(parameters.root().scope("update"), linear, 2, 6);
            assertThat(linear.apply(X).evaluate().toFloats()).containsExactly(plain);

            lora.b().data().fill(1, 2, 3, 4, 5, 6, 7, 8);
            float[] updated = linear.apply(X).evaluate().toFloats();
            assertThat(Math.abs(updated[0] - plain[0])).isGreaterThan(1e-3f);
            linear.merge();
            assertThat(linear.apply(X).evaluate().toFloats()).containsExactly(updated, within(1e-4f));
            float[] weight = linear.weight().data().toFloats();
            linear.merge();
            assertThat(linear.weight().data().toFloats()).containsExactly(weight);
        }
    }

    @Test
    void refusesASecondUpdateAndAWrongShape() {
        try (Parameters parameters = new Parameters(1)) {
            Scope root = parameters.root();
            Linear linear = Linear.create(root, 3, 4, false, Initializer.zeros());
            Linear other = Linear.create(root.scope("other"), 4, 4, false, Initializer.zeros());
            Lora lora = Lora.attach(root, linear, 2, 2);
            assertThatThrownBy(() -> Lora.attach(root.scope("none"), other, 0, 2))
                    .hasMessage("rank must be from 1 to 65536, found 0.");
            assertThatThrownBy(() -> Lora.attach(root.scope("none"), other, 2, -2))
                    .hasMessage("alpha must be above 0 and at most 65536, found -2.");
            assertThatThrownBy(() -> linear.attach(lora)).hasMessageContaining("merge() it before attaching another");
            assertThatThrownBy(() -> other.attach(lora))
                    .hasMessage("Low-rank update of shape [4, 3] for other.weight [4, 4]; expected shape [4, 4].");
        }
    }
}
