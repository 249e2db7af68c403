package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroup;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    void anInitializerThatDoesNotSuitIsRefusedBeforeThereIsMemory() {
        long before = EngineMemory.liveBytes();
        try (Parameters parameters = new Parameters(1)) {
            assertThatThrownBy(() -> parameters.root().create("b", Shape.of(5), Initializer.fanInUniform()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("Fan-in initialization of [5]; expected a weight");
            assertThat(parameters.all()).isEmpty();
            assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        }
    }

    @Test
    void valuesThatFindNoMemoryLeaveNothingAndAreThereOnceThereIsSome() {
        long before = EngineMemory.liveBytes();
        try (Parameters parameters = new Parameters(1)) {
            Parameter a = parameters.root().create("a", Shape.of(2, 3), Initializer.ones());
            Parameter b = parameters.root().create("b", Shape.of(100), Initializer.ones());
            assertThat(a.data().toFloats()).containsOnly(1);
            EngineMemory.limit(before + 24 + 399);
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(b::data)
                        .isInstanceOf(OutOfMemoryError.class)
                        .hasMessageStartingWith("No 0.000 GB of memory for b [100], ");
                assertThat(EngineMemory.liveBytes()).isEqualTo(before + 24);
            }
            EngineMemory.limit(Long.MAX_VALUE);
            assertThat(b.data().toFloats()).containsOnly(1);
            assertThat(EngineMemory.liveBytes()).isEqualTo(before + 24 + 400);
        } finally {
            EngineMemory.limit(Long.MAX_VALUE);
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** What a checkpoint overwrites is not drawn, and costs no memory before. */
    @Test
    void valuesAreDrawnWhenTheyAreNeeded() {
        AtomicInteger drawn = new AtomicInteger();
        Initializer counted = (_, _, _) -> _ -> drawn.incrementAndGet();
        long before = EngineMemory.liveBytes();
        try (Parameters parameters = new Parameters(1)) {
            Parameter a = parameters.root().create("a", Shape.of(2, 3), counted);
            assertThat(a.shape()).isEqualTo(Shape.of(2, 3));
            assertThat(parameters.count()).isEqualTo(6);
            assertThat(ParameterFiles.bytes(parameters.all())).isEqualTo(24);
            assertThat(a.hasValues()).isFalse();
            assertThat(drawn).hasValue(0);
            assertThat(EngineMemory.liveBytes()).isEqualTo(before);
            assertThat(a.tensor().shape()).isEqualTo(Shape.of(2, 3));
            assertThat(a.data().toFloats()).containsExactlyInAnyOrder(1, 2, 3, 4, 5, 6);
            assertThat(drawn).hasValue(6);
        }
    }

    @Test
    void whatIsToBeLoadedHasNoValuesBefore() {
        for (Parameters each : List.of(Parameters.trained(), Parameters.frozen())) {
            try (Parameters parameters = each) {
                Parameter a = parameters.root().matrix("fc.weight", Shape.of(2, 3), Initializer.ones());
                assertThatThrownBy(a::data)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("Parameter fc.weight [2, 3] has no values yet; expected them from a checkpoint,"
                                + " load one by ParameterFiles.load.");
                assertThatThrownBy(a::tensor).hasMessageContaining("no values yet");
                assertThatThrownBy(parameters::digest).hasMessageContaining("no values yet");
            }
        }
    }

    @Test
    void frozenParametersAreFilledOnceAndNotTrained() {
        try (Parameters parameters = Parameters.frozen()) {
            Parameter a = parameters.root().create("a", Shape.of(3), Initializer.ones());
            a.fill(i -> i);
            assertThat(a.data().toFloats()).containsExactly(0, 1, 2);
            assertThat(a.data().isFrozen()).isTrue();
            assertThatThrownBy(() -> a.fill(_ -> 0))
                    .hasMessage("Parameter a [3] is frozen and has its values; fill new Parameters.");
            assertThatThrownBy(() -> a.data().fill(1, 1, 1))
                    .isInstanceOf(TensorException.class)
                    .hasMessage("Writing to F32 [3]: expected elements that may change, found frozen ones;"
                            + " write to a copy, or read them by readOnly().");
            assertThatThrownBy(() -> new AdamW(
                            List.of(new ParameterGroup(List.of(a), 1, 0)),
                            AdamW.Options.DEFAULT,
                            Execution.cpu().device()))
                    .hasMessage("AdamW of parameter a [3]: expected one that may be trained, found a frozen one;"
                            + " load it into Parameters.trained().");
        }
    }

    /** More than one piece, and a last one that is shorter: values are those of one thread that draws in order. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void drawingIsTheSameForAnyNumberOfThreads(int threads) {
        Shape shape = Shape.of(3, 100_003);
        Initializer.Values one = Initializer.truncatedNormal(1.5)
                .scaled(0.5)
                .of(shape, new CounterRandom(9), CounterRandom.streamOf("w"));
        float[] drawn = new float[shape.size()];
        try (Workers workers =
                new Workers(Math.min(threads, Runtime.getRuntime().availableProcessors()))) {
            Elements.Pieces pieces = new Elements.Pieces();
            Elements.Writer writer = Elements.floats(one);
            MemorySegment target = MemorySegment.ofArray(drawn);
            pieces.add(drawn.length, (first, end) -> writer.write(Elements.slice(target, first, end), first, end));
            pieces.run(workers);
        }
        float[] expected = new float[drawn.length];
        for (int i = expected.length - 1; i >= 0; i--) {
            expected[i] = one.get(i);
        }
        assertThat(drawn).containsExactly(expected);
        try (Parameters parameters = new Parameters(9)) {
            Initializer initializer = Initializer.truncatedNormal(1.5).scaled(0.5);
            assertThat(parameters.root().create("w", shape, initializer).data().toFloats())
                    .containsExactly(expected);
        }
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
        parameters.root().create("a", Shape.of(10, 10), Initializer.zeros()).data();
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
