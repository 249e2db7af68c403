package io.llm2clip.nn.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Mlp;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A batch in chunks is the batch: the same loss, gradients and steps, in less memory. */
class GradientCacheTest {
    private static final int LEFT = 6;
    private static final int RIGHT = 5;
    private static final AdamW.Options ADAMW = AdamW.Options.DEFAULT.withClipNorm(0.5f);

    private long before;

    @BeforeEach
    void remember() {
        before = EngineMemory.liveBytes();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Two towers and a logit scale with a bias. */
    private static final class Model implements EmbeddingLoss, AutoCloseable {
        private final Parameters parameters = new Parameters(3);
        private final Mlp left;
        private final Linear right;
        private final Parameter scale;
        private final Parameter bias;
        private final boolean sigmoid;
        private final AdamW optimizer;

        Model(int width, boolean sigmoid) {
            this.sigmoid = sigmoid;
            left = Mlp.create(
                    parameters.root().scope("left"),
                    LEFT,
                    width,
                    Activation.GELU,
                    Initializer.fanInNormal(),
                    Initializer.fanInNormal());
            right = Linear.create(parameters.root().scope("right"), RIGHT, LEFT, true, Initializer.fanInNormal());
            scale = parameters.root().create("logit_scale", Shape.SCALAR, Initializer.constant(1.5f));
            bias = parameters.root().create("logit_bias", Shape.SCALAR, Initializer.constant(-0.5f));
            optimizer = new AdamW(
                    ParameterGroups.of(parameters.all(), 0.05f),
                    ADAMW,
                    TestExecution.get().device());
        }

        @Override
        public List<Tensor> embed(List<Tensor> inputs, int examples) {
            assertThat(inputs.getFirst().shape().dim(0)).isEqualTo(examples);
            return List.of(left.apply(inputs.get(0)), right.apply(inputs.get(1)));
        }

        @Override
        public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
            Tensor v = embeddings.getFirst();
            Tensor u = embeddings.getLast();
            return sigmoid
                    ? ContrastiveLoss.sigmoid(v, u, scale.tensor(), bias.tensor())
                    : ContrastiveLoss.symmetric(v, u, scale.tensor(), inputs.isEmpty() ? null : inputs.getFirst());
        }

        Tensor whole(List<Tensor> in, int examples) {
            return loss(embed(in.subList(0, 2), examples), in.subList(2, in.size()));
        }

        @Override
        public void close() {
            optimizer.close();
            parameters.close();
        }
    }

    private static float[] values(long seed, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private record Batch(int size, float[] left, float[] right, List<TensorData> lossInputs) implements EmbeddingBatch {
        static Batch of(int size, long seed, boolean masked) {
            List<TensorData> mask = new ArrayList<>();
            if (masked) {
                float[] scores = new float[size * size];
                scores[1] = ContrastiveLoss.LEFT_OUT;
                scores[size] = ContrastiveLoss.LEFT_OUT;
                mask.add(TensorData.of(Shape.of(size, size), scores));
            }
            return new Batch(size, values(seed, size * LEFT), values(seed + 1, size * RIGHT), mask);
        }

        @Override
        public List<TensorData> inputs(int from, int to) {
            return List.of(rows(left, LEFT, from, to), rows(right, RIGHT, from, to));
        }

        private static TensorData rows(float[] all, int width, int from, int to) {
            return TensorData.of(Shape.of(to - from, width), Arrays.copyOfRange(all, from * width, to * width));
        }

        List<TensorData> all() {
            List<TensorData> all = new ArrayList<>(inputs(0, size));
            all.addAll(lossInputs);
            return all;
        }
    }

    /** Chunks that divide the batch and that do not, one example at a time, and more than there are. */
    @ParameterizedTest
    @CsvSource({
        "12, 4, false, false",
        "12, 5, false, true",
        "7, 1, true, false",
        "9, 100, false, true",
        "16, 3, true, false"
    })
    void gradientsAreThoseOfTheWholeBatch(int size, int chunk, boolean sigmoid, boolean masked) {
        try (Model whole = new Model(7, sigmoid);
                Model cached = new Model(7, sigmoid);
                TrainStep step = TrainStep.compile(
                        in -> whole.whole(in, size),
                        TrainStep.inputsLike(Batch.of(size, 1, masked).all()),
                        whole.optimizer,
                        ProgramOptions.DEFAULT);
                GradientCache cache =
                        new GradientCache(cached, chunk, cached.optimizer, ProgramOptions.DEFAULT, () -> {})) {
            for (int i = 0; i < 3; i++) {
                Batch batch = Batch.of(size, 10 * i, masked);
                float expected = step.run(batch.all(), 0.01f);
                assertThat(cache.run(batch, 0.01f)).isCloseTo(expected, within(2e-6f * expected));
                assertThat(cache.gradientNorm()).isCloseTo(step.gradientNorm(), within(1e-5f * step.gradientNorm()));
                if (i == 0) {
                    assertMeansAreEqual(whole.optimizer, cached.optimizer);
                }
            }
            assertThat(cached.optimizer.steps()).isEqualTo(3);
        }
    }

    /** After one step the running means are a tenth of the gradients. */
    private static void assertMeansAreEqual(AdamW expected, AdamW found) {
        List<Parameter> moments = expected.state().stream()
                .filter(parameter -> parameter.name().endsWith("exp_avg"))
                .toList();
        assertThat(moments).hasSize(expected.parameters().size());
        for (Parameter mean : moments) {
            float[] of = mean.data().toFloats();
            float[] in = found.state().stream()
                    .filter(parameter -> parameter.name().equals(mean.name()))
                    .findFirst()
                    .orElseThrow()
                    .data()
                    .toFloats();
            double scale = 0;
            double distance = 0;
            for (int i = 0; i < of.length; i++) {
                scale += of[i] * (double) of[i];
                distance += Math.pow(of[i] - (double) in[i], 2);
            }
            assertThat(Math.sqrt(distance))
                    .as("gradient of %s", mean.name())
                    .isLessThanOrEqualTo(1e-5 * Math.sqrt(scale));
        }
    }

    @Test
    void memoryIsThatOfAChunkAndTheScores() {
        int size = 1024;
        int chunk = 16;
        ProgramMemory small = memory(2 * chunk, chunk);
        ProgramMemory large = memory(size, chunk);
        long scores = 4L * size * size;
        long embeddings = 4L * size * 2 * LEFT;
        assertThat(large.workspace())
                .isGreaterThanOrEqualTo(small.workspace())
                .isLessThan(small.workspace() + 4 * scores + 2 * embeddings);
        // Embeddings and their gradients.
        assertThat(large.pinned() - small.pinned()).isBetween(19 * embeddings / 10, 21 * embeddings / 10);
    }

    private static ProgramMemory memory(int size, int chunk) {
        try (Model model = new Model(2048, false);
                GradientCache cache =
                        new GradientCache(model, chunk, model.optimizer, ProgramOptions.DEFAULT.asPlan(), () -> {})) {
            cache.prepare(Batch.of(size, 1, false));
            return cache.memory();
        }
    }

    @Test
    void aBatchThatIsNotFiniteChangesNothing() {
        try (Model model = new Model(7, false);
                Model undisturbed = new Model(7, false);
                GradientCache cache = new GradientCache(model, 4, model.optimizer, ProgramOptions.DEFAULT, () -> {});
                GradientCache other =
                        new GradientCache(undisturbed, 4, undisturbed.optimizer, ProgramOptions.DEFAULT, () -> {})) {
            String start = model.parameters.digest();
            Batch broken = Batch.of(12, 1, false);
            broken.left[3] = Float.NaN;
            assertThatThrownBy(() -> cache.run(broken, 0.1f))
                    .isInstanceOf(NonFiniteStepException.class)
                    .hasMessageContaining("because the loss is not finite");
            assertThat(model.parameters.digest()).isEqualTo(start);
            Batch batch = Batch.of(12, 2, false);
            assertThat(cache.run(batch, 0.1f)).isEqualTo(other.run(batch, 0.1f));
            assertThat(model.parameters.digest())
                    .isEqualTo(undisturbed.parameters.digest())
                    .isNotEqualTo(start);
        }
    }

    @Test
    void whatFailsHalfwayLeavesNoGradients() {
        try (Model model = new Model(7, false);
                Model undisturbed = new Model(7, false);
                GradientCache cache = new GradientCache(model, 4, model.optimizer, ProgramOptions.DEFAULT, () -> {});
                GradientCache other =
                        new GradientCache(undisturbed, 4, undisturbed.optimizer, ProgramOptions.DEFAULT, () -> {})) {
            Batch batch = Batch.of(12, 2, false);
            EmbeddingBatch failing = new EmbeddingBatch() {
                private int calls;

                @Override
                public int size() {
                    return batch.size;
                }

                @Override
                public List<TensorData> inputs(int from, int to) {
                    // Three chunks are embedded; the second one of the backward pass fails.
                    if (++calls == 5) {
                        throw new IllegalStateException("a disk");
                    }
                    return batch.inputs(from, to);
                }

                @Override
                public List<TensorData> lossInputs() {
                    return List.of();
                }
            };
            assertThatThrownBy(() -> cache.run(failing, 0.1f)).hasMessage("a disk");
            assertThat(cache.run(batch, 0.1f)).isEqualTo(other.run(batch, 0.1f));
            assertThat(cache.gradientNorm()).isEqualTo(other.gradientNorm());
            assertThat(model.parameters.digest()).isEqualTo(undisturbed.parameters.digest());
        }
    }

    @Test
    void aChunkHasAnExample() {
        try (Model model = new Model(7, false)) {
            assertThatThrownBy(() -> new GradientCache(model, 0, model.optimizer, ProgramOptions.DEFAULT, () -> {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("chunk must be at least 1, found 0.");
        }
    }
}
