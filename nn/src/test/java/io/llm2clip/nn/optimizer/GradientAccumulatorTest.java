package io.llm2clip.nn.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Mlp;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import io.llm2clip.tensor.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A batch in parts is the batch. */
class GradientAccumulatorTest {
    private static final int WIDTH = 5;
    private static final int PART = 6;
    private static final int PARTS = 4;
    private static final AdamW.Options OPTIONS = AdamW.Options.DEFAULT.withClipNorm(0.05f);

    private long before;

    @BeforeEach
    void remember() {
        before = EngineMemory.liveBytes();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    private static TensorData rows(int seed, int rows) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[rows * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return TensorData.of(Shape.of(rows, WIDTH), values);
    }

    private static TensorData part(TensorData batch, int part) {
        float[] all = batch.toFloats();
        float[] values = new float[PART * WIDTH];
        System.arraycopy(all, part * values.length, values, 0, values.length);
        return TensorData.of(Shape.of(PART, WIDTH), values);
    }

    /** A model that is to make zeros of anything. */
    private static final class Model implements AutoCloseable {
        private final Parameters parameters = new Parameters(3);
        private final Mlp mlp = Mlp.create(
                parameters.root().scope("mlp"),
                WIDTH,
                7,
                Activation.GELU,
                Initializer.fanInNormal(),
                Initializer.fanInNormal());
        private final AdamW optimizer = new AdamW(
                ParameterGroups.of(parameters.all(), 0.05f),
                OPTIONS,
                TestExecution.get().device());

        Tensor loss(List<Tensor> inputs) {
            return mlp.apply(inputs.getFirst()).square().mean();
        }

        @Override
        public void close() {
            optimizer.close();
            parameters.close();
        }
    }

    private static List<TrainStep.Input> inputs(int rows) {
        return List.of(new TrainStep.Input("rows", Shape.of(rows, WIDTH), DType.F32));
    }

    @Test
    void fourPartsAreOneBatchOfFourTimesTheSize() {
        try (Model whole = new Model();
                Model inParts = new Model();
                TrainStep step =
                        TrainStep.compile(whole::loss, inputs(PART * PARTS), whole.optimizer, ProgramOptions.DEFAULT);
                GradientAccumulator sums = new GradientAccumulator(inParts.optimizer, ProgramOptions.DEFAULT);
                LossPart part = LossPart.compile(inParts::loss, inputs(PART), sums)) {
            for (int i = 0; i < 5; i++) {
                TensorData batch = rows(i, PART * PARTS);
                float expected = step.run(List.of(batch), 0.01f);
                float mean = 0;
                for (int p = 0; p < PARTS; p++) {
                    mean += part.run(List.of(part(batch, p))) / PARTS;
                }
                float found = sums.step(0.01f, 1f / PARTS);
                assertThat(found).isCloseTo(expected, within(1e-6f)).isCloseTo(mean, within(1e-6f));
                assertThat(sums.gradientNorm()).isCloseTo(step.gradientNorm(), within(1e-6f));
            }
            assertThat(step.gradientNorm()).as("clipped").isGreaterThan(0.05f);
            for (int i = 0; i < whole.parameters.all().size(); i++) {
                assertThat(inParts.parameters.all().get(i).data().toFloats())
                        .containsExactly(whole.parameters.all().get(i).data().toFloats(), within(2e-5f));
            }
        }
    }

    /** Vectors without a tape, gradients of the loss with respect to them, and vectors again with these as seeds. */
    @Test
    void gradientsOfSeedsAreThoseOfTheWhole() {
        Function<Tensor, Tensor> loss =
                vectors -> vectors.matmulTransposed(vectors).softmax().square().mean();
        try (Model whole = new Model();
                Model cached = new Model();
                TrainStep step = TrainStep.compile(
                        in -> loss.apply(whole.mlp.apply(in.getFirst())),
                        inputs(2 * PART),
                        whole.optimizer,
                        ProgramOptions.DEFAULT);
                GradientAccumulator sums = new GradientAccumulator(cached.optimizer, ProgramOptions.DEFAULT)) {
            Tensor rows = Tensor.input("rows", Shape.of(PART, WIDTH), DType.F32);
            Tensor seed = Tensor.input("seed", Shape.of(PART, WIDTH), DType.F32);
            Tensor all = Tensor.input("vectors", Shape.of(2 * PART, WIDTH), DType.F32);
            Tensor value = loss.apply(all);
            Tensor vectors = cached.mlp.apply(rows);
            List<Tensor> trained = cached.optimizer.parameters().stream()
                    .map(parameter -> parameter.tensor())
                    .toList();
            List<Update> whatTheLossAdds = sums.add(
                    value, trained.stream().map(t -> Tensor.full(0, t.shape())).toList());
            try (Program embed = Program.compile(List.of(vectors), TestExecution.get());
                    Program seeds =
                            Program.compile(Gradients.of(value, List.of(all)), whatTheLossAdds, TestExecution.get());
                    Program backward = Program.compile(
                            List.of(),
                            sums.add(Tensor.scalar(0), Gradients.of(vectors, seed, trained)),
                            TestExecution.get())) {
                TensorData batch = rows(1, 2 * PART);
                float[] embedded = new float[2 * PART * WIDTH];
                for (int p = 0; p < 2; p++) {
                    embed.feed(rows, part(batch, p));
                    System.arraycopy(embed.run().getFirst().toFloats(), 0, embedded, p * PART * WIDTH, PART * WIDTH);
                }
                seeds.feed(all, TensorData.of(all.shape(), embedded));
                TensorData gradients =
                        TensorData.of(all.shape(), seeds.run().getFirst().toFloats());
                for (int p = 0; p < 2; p++) {
                    backward.feed(rows, part(batch, p));
                    backward.feed(seed, part(gradients, p));
                    backward.run();
                }
                assertThat(sums.step(0.01f, 1)).isCloseTo(step.run(List.of(batch), 0.01f), within(1e-6f));
                assertThat(sums.gradientNorm()).isCloseTo(step.gradientNorm(), within(1e-6f));
                for (int i = 0; i < whole.parameters.all().size(); i++) {
                    assertThat(cached.parameters.all().get(i).data().toFloats())
                            .containsExactly(
                                    whole.parameters.all().get(i).data().toFloats(), within(2e-5f));
                }
            }
        }
    }

    @Test
    void aPartThatIsNotFiniteSpoilsTheStepAndNothingElse() {
        try (Model model = new Model();
                Model undisturbed = new Model();
                GradientAccumulator sums = new GradientAccumulator(model.optimizer, ProgramOptions.DEFAULT);
                GradientAccumulator others = new GradientAccumulator(undisturbed.optimizer, ProgramOptions.DEFAULT);
                LossPart part = LossPart.compile(model::loss, inputs(PART), sums);
                LossPart other = LossPart.compile(undisturbed::loss, inputs(PART), others)) {
            String start = model.parameters.digest();
            float[] broken = rows(0, PART).toFloats();
            broken[3] = Float.NaN;
            assertThat(part.run(List.of(TensorData.of(Shape.of(PART, WIDTH), broken))))
                    .isNaN();
            part.run(List.of(rows(1, PART)));
            assertThatThrownBy(() -> sums.step(0.1f, 0.5f))
                    .isInstanceOf(NonFiniteStepException.class)
                    .hasMessageContaining("because the loss is not finite");
            assertThat(model.parameters.digest()).isEqualTo(start);
            assertThat(model.optimizer.steps()).isZero();
            part.run(List.of(rows(2, PART)));
            sums.clear();
            part.run(List.of(rows(3, PART)));
            other.run(List.of(rows(3, PART)));
            assertThat(sums.step(0.1f, 1)).isEqualTo(others.step(0.1f, 1));
            assertThat(model.parameters.digest())
                    .isEqualTo(undisturbed.parameters.digest())
                    .isNotEqualTo(start);
        }
    }

    @Test
    void gradientsMustFit() {
        try (Model model = new Model();
                GradientAccumulator sums = new GradientAccumulator(model.optimizer, ProgramOptions.DEFAULT)) {
            assertThatThrownBy(() -> sums.add(Tensor.scalar(0), List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Gradients of 4 parameters are accumulated, found 0; expected one each, in the order of"
                            + " AdamW.parameters().");
            List<Tensor> reversed = new ArrayList<>(model.optimizer.parameters().stream()
                    .map(parameter -> parameter.tensor())
                    .toList()
                    .reversed());
            assertThatThrownBy(() -> sums.add(Tensor.scalar(0), reversed))
                    .hasMessageContaining("Update of variable 'gradient.");
            assertThat(model.optimizer.steps()).isZero();
        }
    }
}
