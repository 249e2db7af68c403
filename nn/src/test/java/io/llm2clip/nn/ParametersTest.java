package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ParametersTest {

    @Test
    void namesAreJoinedAndOrdered() {
        try (Parameters parameters = new Parameters(1)) {
            Scope root = parameters.root();
            root.create("scale", Shape.SCALAR, Initializer.constant(3));
            Linear.create(root.scope("layers").scope(2).scope("fc"), 4, 3, true, Initializer.normal(1));
            assertThat(parameters.all())
                    .extracting(Parameter::name)
                    .containsExactly("scale", "layers.2.fc.weight", "layers.2.fc.bias");
            assertThat(parameters.count()).isEqualTo(1 + 12 + 3);
            assertThat(parameters.get("scale").data().item()).isEqualTo(3);
        }
    }

    @Test
    void unknownAndRepeatedNamesAreErrors() {
        try (Parameters parameters = new Parameters(1)) {
            parameters.root().create("encoder.weight", Shape.of(2), Initializer.zeros());
            assertThatThrownBy(() -> parameters.get("encodr.weight"))
                    .hasMessage("No parameter 'encodr.weight' among 1; expected a name such as encoder.weight.");
            assertThatThrownBy(() -> parameters.root().create("encoder.weight", Shape.of(2), Initializer.zeros()))
                    .hasMessageContaining("'encoder.weight' exists already")
                    .hasMessageContaining("use a scope");
        }
    }

    @Test
    void whatAFailedInitializerLeavesIsReturned() {
        long before = EngineMemory.liveBytes();
        Parameters parameters = new Parameters(1);
        parameters.root().create("a", Shape.of(3), Initializer.zeros());
        assertThatThrownBy(() -> parameters.root().create("b", Shape.of(5), Initializer.fanInUniform()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before + 4 * (3 + 5));
        parameters.close();
        parameters.close();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void initialValuesDependOnSeedAndNameOnly() {
        try (Parameters few = new Parameters(7);
                Parameters many = new Parameters(7);
                Parameters other = new Parameters(8)) {
            many.root().create("a", Shape.of(5), Initializer.normal(1));
            float[] first = create(few);
            assertThat(create(many)).containsExactly(first);
            assertThat(create(other)).doesNotContain(first);
            assertThat(many.get("a").data().toFloats()).doesNotContain(first);
        }
    }

    private static float[] create(Parameters parameters) {
        return parameters
                .root()
                .create("b", Shape.of(5), Initializer.normal(1))
                .data()
                .toFloats();
    }

    @Test
    void memoryIsCountedAndReturned() {
        long before = EngineMemory.liveBytes();
        Parameters parameters = new Parameters(1);
        parameters.root().create("a", Shape.of(10, 10), Initializer.zeros());
        assertThat(EngineMemory.liveBytes() - before).isEqualTo(400);
        parameters.close();
        parameters.close();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThatThrownBy(() -> parameters.root().create("b", Shape.of(1), Initializer.zeros()))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void distributions() {
        try (Parameters parameters = new Parameters(5)) {
            moments(parameters, "normal", Initializer.normal(0.5), 0.5, Double.MAX_VALUE);
            // Variance of a normal of standard deviation 2 cut at 2: 4 (1 - 2 phi(1) / (2 Phi(1) - 1)).
            moments(parameters, "truncated", Initializer.truncatedNormal(2), 2 * Math.sqrt(0.2911), 2);
            moments(parameters, "uniform", Initializer.uniform(3), 3 / Math.sqrt(3), 3);
            moments(parameters, "fanInUniform", Initializer.fanInUniform(), 0.1 / Math.sqrt(3), 0.1);
            moments(parameters, "fanInNormal", Initializer.fanInNormal().scaled(2), 0.2, Double.MAX_VALUE);
        }
    }

    private static void moments(Parameters parameters, String name, Initializer init, double std, double bound) {
        float[] values =
                parameters.root().create(name, Shape.of(200, 100), init).data().toFloats();
        double mean = 0;
        double square = 0;
        for (float value : values) {
            mean += value / (double) values.length;
            square += (double) value * value / values.length;
            assertThat(Math.abs(value)).isLessThanOrEqualTo((float) bound);
        }
        assertThat(mean).as(name).isCloseTo(0, within(0.03 * std));
        assertThat(Math.sqrt(square)).as(name).isCloseTo(std, within(0.02 * std));
        assertThat(Arrays.stream(toDoubles(values)).distinct().count()).isGreaterThan(19_000);
    }

    private static double[] toDoubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    @Test
    void activationsByName() {
        assertThat(Activation.parse("gelu_new"))
                .isSameAs(Activation.parse("gelu_pytorch_tanh"))
                .isSameAs(Activation.GELU_TANH);
        assertThatThrownBy(() -> Activation.parse("relu"))
                .hasMessage(
                        "Unknown activation 'relu'; expected gelu, gelu_pytorch_tanh, gelu_new, quick_gelu or silu.");
    }
}
