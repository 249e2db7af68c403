package io.llm2clip.nn.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Mlp;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.compiler.Target;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TrainStepTest {
    private static final List<TrainStep.Input> INPUTS = List.of(
            new TrainStep.Input("images", Shape.of(8, 6), DType.F32),
            new TrainStep.Input("texts", Shape.of(8, 4), DType.F32));

    private static TensorData random(String name, Shape shape) {
        Initializer.Values normal = Initializer.normal(1).of(shape, new CounterRandom(1), CounterRandom.streamOf(name));
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = normal.get(i);
        }
        return TensorData.of(shape, values);
    }

    private static List<TensorData> batch() {
        return List.of(random("images", Shape.of(8, 6)), random("texts", Shape.of(8, 4)));
    }

    /** Losses of a training, and the parameters after it. */
    private record Outcome(float first, float last, List<float[]> parameters) {}

    private static Outcome train() {
        try (Parameters parameters = new Parameters(9)) {
            Linear images = Linear.create(parameters.root().scope("images"), 6, 4, true);
            Initializer init = Initializer.fanInNormal();
            Mlp texts = Mlp.create(parameters.root().scope("texts"), 4, 8, Activation.GELU, init, init);
            Parameter scale = parameters.root().create("logit_scale", Shape.SCALAR, Initializer.constant(2.66f));
            AdamW.Options options = AdamW.Options.DEFAULT.withClipNorm(5);
            try (AdamW optimizer = new AdamW(
                            ParameterGroups.of(parameters.all(), 0.05f),
                            options,
                            TestExecution.get().device());
                    TrainStep step = TrainStep.compile(
                            in -> ContrastiveLoss.symmetric(
                                    images.apply(in.getFirst()), texts.apply(in.getLast()), scale.tensor()),
                            INPUTS,
                            optimizer,
                            ProgramOptions.DEFAULT)) {
                assertThat(step.flops()).isGreaterThan(2L * 8 * (6 * 4 + 2 * 4 * 8));
                assertThat(step.memory().workspace()).isGreaterThan(parameters.count() * 4);
                float first = step.run(batch(), 0.02f);
                assertThat(step.gradientNorm()).isPositive();
                float last = first;
                for (int i = 1; i < 40; i++) {
                    last = step.run(batch(), 0.02f);
                }
                return new Outcome(
                        first,
                        last,
                        parameters.all().stream().map(p -> p.data().toFloats()).toList());
            }
        }
    }

    @Test
    void learnsAndRepeatsBitForBit() {
        long before = EngineMemory.liveBytes();
        Outcome once = train();
        Outcome again = train();
        assertThat(once.last).isLessThan(once.first / 4);
        assertThat(again.last).isEqualTo(once.last);
        for (int i = 0; i < once.parameters.size(); i++) {
            assertThat(again.parameters.get(i)).containsExactly(once.parameters.get(i));
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Trains five steps; those of {@code broken} are fed a value that is not finite. */
    private static List<float[]> trainWith(float broken, Set<Integer> at) {
        try (Parameters parameters = new Parameters(9)) {
            Linear images = Linear.create(parameters.root().scope("images"), 6, 4, true);
            Parameter scale = parameters.root().create("logit_scale", Shape.SCALAR, Initializer.constant(2.66f));
            try (AdamW optimizer = new AdamW(
                            ParameterGroups.of(parameters.all(), 0.05f),
                            AdamW.Options.DEFAULT,
                            TestExecution.get().device());
                    TrainStep step = TrainStep.compile(
                            in -> ContrastiveLoss.symmetric(images.apply(in.getFirst()), in.getLast(), scale.tensor()),
                            INPUTS,
                            optimizer,
                            ProgramOptions.DEFAULT)) {
                for (int i = 0; i < 5; i++) {
                    if (at.contains(i)) {
                        float[] values = batch().getFirst().toFloats();
                        values[7] = broken;
                        List<TensorData> bad = List.of(TensorData.of(Shape.of(8, 6), values), batch().getLast());
                        assertThatThrownBy(() -> step.run(bad, 0.02f)).isInstanceOf(NonFiniteStepException.class);
                    }
                    step.run(batch(), 0.02f);
                }
                assertThat(optimizer.steps()).isEqualTo(5);
                return parameters.all().stream().map(p -> p.data().toFloats()).toList();
            }
        }
    }

    @Test
    void aStepThatIsNotFiniteLeavesNoTrace() {
        List<float[]> undisturbed = trainWith(0, Set.of());
        for (float broken : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            List<float[]> disturbed = trainWith(broken, Set.of(0, 3));
            for (int i = 0; i < undisturbed.size(); i++) {
                assertThat(disturbed.get(i)).containsExactly(undisturbed.get(i));
            }
        }
    }

    @Test
    void aLossThatIsNotFiniteIsASkippedStepEvenWithFiniteGradients() {
        try (Parameters parameters = new Parameters(9);
                AdamW optimizer = new AdamW(
                        ParameterGroups.of(List.of(parameters.root().create("w", Shape.of(6), Initializer.ones())), 0),
                        AdamW.Options.DEFAULT,
                        TestExecution.get().device());
                TrainStep step = TrainStep.compile(
                        in -> in.getFirst()
                                .sum()
                                .add(parameters.get("w").tensor().sum()),
                        INPUTS,
                        optimizer,
                        ProgramOptions.DEFAULT)) {
            float[] values = new float[48];
            values[0] = Float.POSITIVE_INFINITY;
            assertThatThrownBy(() -> step.run(List.of(TensorData.of(Shape.of(8, 6), values), batch().getLast()), 0.1f))
                    .isInstanceOf(NonFiniteStepException.class)
                    .hasMessage("The step was skipped because the loss is not finite; lower the learning rate or check"
                            + " this batch.");
            assertThat(parameters.get("w").data().toFloats()).containsOnly(1);
        }
    }

    /** The CPU, with a count of the plans that are loaded into it. */
    private static final class Counting implements PlanDevice {
        private final PlanDevice cpu = (PlanDevice) Device.cpu();
        private int loaded;

        @Override
        public Target target() {
            return cpu.target();
        }

        @Override
        public Executable load(Plan plan) {
            loaded++;
            return cpu.load(plan);
        }

        @Override
        public String name() {
            return cpu.name();
        }

        @Override
        public Set<DType> matrixFormats() {
            return cpu.matrixFormats();
        }

        @Override
        public void close() {}
    }

    private static TensorData rows(int rows, int seed) {
        return random("rows" + seed, Shape.of(rows, 6));
    }

    private static TrainStep step(Linear layer, int rows, AdamW optimizer) {
        List<TrainStep.Input> inputs = List.of(new TrainStep.Input("rows", Shape.of(rows, 6), DType.F32));
        return TrainStep.compile(
                in -> layer.apply(in.getFirst()).square().mean(), inputs, optimizer, ProgramOptions.DEFAULT);
    }

    /** Of batches of two sizes that take turns; of programs that are compiled once, or anew for each step. */
    private static String trainAlternating(boolean once) {
        Counting device = new Counting();
        try (Parameters parameters = new Parameters(9)) {
            Linear layer = Linear.create(parameters.root(), 6, 4, true);
            try (AdamW optimizer = new AdamW(
                            ParameterGroups.of(parameters.all(), 0.05f),
                            AdamW.Options.DEFAULT.withClipNorm(1),
                            device);
                    TrainStep small = step(layer, 3, optimizer);
                    TrainStep large = step(layer, 200, optimizer)) {
                for (int i = 0; i < 10; i++) {
                    int rows = i % 2 == 0 ? 3 : 200;
                    if (once) {
                        (i % 2 == 0 ? small : large).run(List.of(rows(rows, i)), 0.02f);
                    } else {
                        try (TrainStep fresh = step(layer, rows, optimizer)) {
                            fresh.run(List.of(rows(rows, i)), 0.02f);
                        }
                    }
                }
                assertThat(device.loaded).as("programs").isEqualTo(once ? 2 : 12);
                assertThat(optimizer.steps()).isEqualTo(10);
            }
            return parameters.digest();
        }
    }

    @Test
    void stepsOfTwoShapesTakeTurnsWithoutBeingBoundAgain() {
        assertThat(trainAlternating(true)).isEqualTo(trainAlternating(false));
    }

    /** Everything between the inputs and the updated parameters is one plan. */
    @Test
    void aStepIsOneProgram() {
        try (Parameters parameters = new Parameters(9)) {
            Linear layer = Linear.create(parameters.root(), 6, 4, true);
            try (AdamW optimizer = new AdamW(
                            ParameterGroups.of(parameters.all(), 0.05f),
                            AdamW.Options.DEFAULT,
                            TestExecution.get().device());
                    TrainStep step = step(layer, 3, optimizer)) {
                long perParameter = 15L * parameters.count();
                assertThat(step.flops()).isGreaterThan(perParameter + 2 * 3 * 6 * 4 * 2);
                step.run(List.of(rows(3, 0)), 0.02f);
            }
        }
    }

    @Test
    void inputsMustFit() {
        try (Parameters parameters = new Parameters(9);
                AdamW optimizer = new AdamW(
                        List.of(new ParameterGroup(
                                List.of(parameters.root().create("w", Shape.of(6), Initializer.ones())), 1, 0)),
                        AdamW.Options.DEFAULT,
                        TestExecution.get().device());
                TrainStep step = TrainStep.compile(
                        in -> in.getFirst().mul(parameters.get("w").tensor()).sum(),
                        INPUTS,
                        optimizer,
                        ProgramOptions.DEFAULT)) {
            assertThatThrownBy(() -> step.run(List.of(), 1)).hasMessageContaining("2 inputs with 0 values");
            assertThat(step.run(batch(), 0)).isFinite();
            step.close();
            assertThatThrownBy(() -> step.run(batch(), 0)).hasMessageContaining("is closed");
        }
    }
}
