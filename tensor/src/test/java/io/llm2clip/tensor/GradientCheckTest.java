package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A check that passes what is right and finds what is wrong. */
class GradientCheckTest {
    private static final TensorData X = TensorData.of(Shape.of(2, 2), 0.3f, -0.8f, 1.2f, 0.5f);

    /** {@code factor x} with a gradient as if the factor were another one. */
    private record Scaled(int elements, float factor, float claimed) implements DifferentiableOp {
        @Override
        public List<Operand> operands() {
            return List.of(Operand.in("x", elements), Operand.out(elements));
        }

        @Override
        public void reference(MemorySegment... operands) {
            for (int i = 0; i < elements; i++) {
                operands[1].setAtIndex(
                        ValueLayout.JAVA_FLOAT, i, factor * operands[0].getAtIndex(ValueLayout.JAVA_FLOAT, i));
            }
        }

        @Override
        public List<@Nullable Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients) {
            return List.of(gradients.getFirst().mul(claimed));
        }
    }

    private static Tensor scaled(Tensor x, float factor, float claimed) {
        return Tensor.kernel(new Scaled(x.shape().size(), factor, claimed), x.shape(), DType.F32, x);
    }

    @Test
    void rightGradientsPass() {
        TensorData index = TensorData.ofInts(Shape.of(3), 1, 0, 1);
        GradientCheck check = GradientCheck.of(in -> in.get(0).gather(in.get(1)).exp());
        check.at(X, index);
        check.ofGradient().at(X, index);
        GradientCheck.ofResults(
                        in -> List.of(in.getFirst().square(), in.getFirst().argmax(-1)))
                .withProbes(9)
                .at(X);
        assertThat(X.toFloats()).containsExactly(0.3f, -0.8f, 1.2f, 0.5f);
        GradientCheck.of(in -> scaled(in.getFirst(), 2, 2)).at(X);
    }

    @Test
    void wrongGradientsAreFound() {
        assertThatThrownBy(() ->
                        GradientCheck.of(in -> scaled(in.getFirst(), 2, 2.1f)).at(X))
                .isInstanceOf(AssertionError.class)
                .hasMessageMatching("Gradient with respect to 'input0' F32 \\[2, 2] at \\[\\d, \\d]: expected \\S+ by"
                        + " central differences, found \\S+ by the interpreter\\.");
        assertThatThrownBy(() -> GradientCheck.of(in -> scaled(in.getFirst(), 2, Float.NaN))
                        .at(X))
                .isInstanceOf(AssertionError.class);
        // The first gradient is right, and that of it is not.
        GradientCheck second =
                GradientCheck.of(in -> in.getFirst().mul(in.getFirst().stopGradient()));
        assertThatThrownBy(() -> second.ofGradient().at(X)).isInstanceOf(AssertionError.class);
        assertThatCode(() -> GradientCheck.of(in -> scaled(in.getFirst(), 2, 2.1f))
                        .within(0.2, 1e-4)
                        .at(X))
                .doesNotThrowAnyException();
    }

    @Test
    void whatCannotBeCheckedIsRefused() {
        assertThatThrownBy(
                        () -> GradientCheck.of(in -> in.getFirst().argmax(-1)).at(X))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Gradient check of 0 results with respect to 1 f32 inputs; expected at least one of each.");
        assertThatThrownBy(() -> GradientCheck.of(in -> in.getFirst()).withStep(0))
                .hasMessageStartingWith("Gradient check with step 0.0, ");
    }
}
