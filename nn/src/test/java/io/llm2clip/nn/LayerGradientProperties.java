package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Interpreter;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.RandomTensors;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** The gradient of whole layers in a random direction against central differences, and compiled against interpreted. */
class LayerGradientProperties {
    private static final Initializer NORMAL = Initializer.normal(0.5);

    private record Case(String name, Function<Scope, Function<Tensor, Tensor>> layer) {
        @Override
        public String toString() {
            return name;
        }
    }

    @Property(tries = 60, edgeCases = EdgeCasesMode.NONE)
    void agreeWithCentralDifferences(
            @ForAll("layers") Case test,
            @ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(max = 9999) int seed) {
        try (Parameters parameters = new Parameters(seed)) {
            Function<Tensor, Tensor> layer = test.layer.apply(parameters.root());
            Parameter x = parameters.root().create("x", Shape.of(batch, 5, 8), Initializer.normal(1));
            Tensor y = layer.apply(x.tensor());
            Tensor loss =
                    y.mul(normal(new CounterRandom(seed), "weights", y.shape())).sum();
            List<Parameter> all = parameters.all();
            List<Tensor> gradients =
                    Gradients.of(loss, all.stream().map(Parameter::tensor).toList());

            List<TensorData> interpreted = Interpreter.evaluate(gradients, Map.of());
            try (Program program = Program.compile(gradients, TestExecution.get())) {
                List<TensorData> compiled = program.run();
                for (int i = 0; i < all.size(); i++) {
                    Goldens.assertClose(
                            compiled.get(i), interpreted.get(i), all.get(i).name());
                }
            }
            double expected = 0;
            List<float[]> directions = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                float[] direction = draw(all.get(i).shape(), new CounterRandom(seed + 1), i);
                directions.add(direction);
                float[] gradient = interpreted.get(i).toFloats();
                for (int j = 0; j < gradient.length; j++) {
                    expected += (double) gradient[j] * direction[j];
                }
            }
            assertThat(slope(loss, all, directions)).isCloseTo(expected, within(0.02 + 0.01 * Math.abs(expected)));
        }
    }

    private static Tensor normal(CounterRandom random, String name, Shape shape) {
        return Tensor.variable(name, TensorData.of(shape, draw(shape, random, CounterRandom.streamOf(name))));
    }

    private static float[] draw(Shape shape, CounterRandom random, long stream) {
        Initializer.Values normal = NORMAL.of(shape, random, stream);
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = normal.get(i);
        }
        return values;
    }

    private static double slope(Tensor loss, List<Parameter> parameters, List<float[]> directions) {
        float step = 1e-3f;
        List<float[]> original =
                parameters.stream().map(p -> p.data().toFloats()).toList();
        double[] values = new double[2];
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < parameters.size(); i++) {
                float[] moved = original.get(i).clone();
                for (int j = 0; j < moved.length; j++) {
                    moved[j] += (side == 0 ? step : -step) * directions.get(i)[j];
                }
                parameters.get(i).data().fill(moved);
            }
            values[side] =
                    Interpreter.evaluate(List.of(loss), Map.of()).getFirst().item();
        }
        return (values[0] - values[1]) / (2 * step);
    }

    @Provide
    Arbitrary<Case> layers() {
        return Arbitraries.of(
                new Case("linear", scope -> Linear.create(scope, 8, 3, true)::apply),
                new Case("lora", scope -> {
                    Linear linear = Linear.create(scope, 8, 3, true);
                    linear.attach(new Lora(
                            scope.create("a", Shape.of(2, 8), NORMAL),
                            scope.create("b", Shape.of(3, 2), NORMAL),
                            0,
                            3,
                            2,
                            0));
                    return linear::apply;
                }),
                new Case("lora with dropout", scope -> {
                    Linear linear = Linear.create(scope, 8, 3, true);
                    linear.attach(new Lora(
                            scope.create("a", Shape.of(2, 8), NORMAL),
                            scope.create("b", Shape.of(3, 2), NORMAL),
                            0,
                            3,
                            2,
                            0.4f));
                    Tensor step = Tensor.variable("step", TensorData.ofInts(Shape.of(1), 3));
                    return x -> Dropout.build(new RandomTensors(1, step), () -> linear.apply(x));
                }),
                new Case("layer norm", scope -> LayerNorm.create(scope, 8, 1e-5f)::apply),
                new Case("rms norm", scope -> RmsNorm.create(scope, 8, 1e-5f)::apply),
                new Case("mlp", scope -> Mlp.create(scope, 8, 6, Activation.GELU, NORMAL, NORMAL)::apply),
                new Case("swiglu", scope -> GatedMlp.create(scope, 8, 6, GatedMlp.Layout.LLAMA, NORMAL, NORMAL)::apply),
                new Case(
                        "swiglu eva02",
                        scope -> GatedMlp.create(scope, 8, 6, GatedMlp.Layout.EVA02, NORMAL, NORMAL)::apply),
                new Case("attention clip", scope -> attention(scope, AttentionLayout.clip(8, 2), false, null)),
                new Case(
                        "attention llama",
                        scope -> attention(
                                scope, AttentionLayout.llama(8, 4, 2, 4), true, RotaryTable.llama(5, 4, 100, null))),
                new Case(
                        "attention eva02",
                        scope -> attention(scope, AttentionLayout.eva02(8, 2), false, RotaryTable.eva02(2, 4))),
                new Case("attention of ragged sequences", LayerGradientProperties::raggedAttention),
                new Case("symmetric loss", scope -> {
                    Parameter scale = scope.create("logit_scale", Shape.SCALAR, Initializer.constant(1));
                    Linear text = Linear.create(scope, 8, 8, true);
                    return x -> ContrastiveLoss.symmetric(
                            x.reshape(-1, 8), text.apply(x).reshape(-1, 8), scale.tensor());
                }));
    }

    private static Function<Tensor, Tensor> attention(
            Scope scope, AttentionLayout layout, boolean causal, RotaryTable positions) {
        SelfAttention attention = SelfAttention.create(scope, layout, NORMAL, NORMAL);
        return x -> {
            int[] lengths = new int[x.shape().dim(0)];
            for (int i = 0; i < lengths.length; i++) {
                lengths[i] = 5 - i;
            }
            Tensor existing = Tensor.variable("lengths", TensorData.ofInts(Shape.of(lengths.length), lengths));
            return attention.apply(x, new Sequences.Padded(existing), causal, positions);
        };
    }

    private static Function<Tensor, Tensor> raggedAttention(Scope scope) {
        SelfAttention attention = SelfAttention.create(scope, AttentionLayout.llama(8, 4, 2, 4), NORMAL, NORMAL);
        return x -> {
            Tensor rows = x.reshape(-1, 8);
            int count = rows.shape().dim(0);
            int[] positions = new int[count];
            for (int i = 0; i < count; i++) {
                positions[i] = i < 2 ? i : i - 2;
            }
            Sequences sequences = new Sequences.Ragged(
                    Tensor.variable("offsets", TensorData.ofInts(Shape.of(4), 0, 2, 2, count)),
                    Tensor.variable("positions", TensorData.ofInts(Shape.of(count), positions)));
            RotaryTable table = RotaryTable.llama(count, 4, 100, null);
            return attention.apply(rows, sequences, true, sequences.angles(table));
        };
    }
}
