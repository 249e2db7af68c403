package io.llm2clip.nn.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses by blocks of scores are the losses of all scores. */
class ScoreBlocksTest {
    private static final int BATCH = 13;
    private static final int NEGATIVES = 6;
    private static final int SIZE = 5;

    private final Tensor images = variable("images", BATCH, SIZE, 1);
    private final Tensor texts = variable("texts", BATCH, SIZE, 2);
    private final Tensor negatives = variable("negatives", NEGATIVES, SIZE, 3);
    private final Tensor scale = Tensor.variable("scale", TensorData.of(Shape.SCALAR, 2.5f));
    private final Tensor bias = Tensor.variable("bias", TensorData.of(Shape.SCALAR, -3));

    private static Tensor variable(String name, int rows, int columns, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.variable(name, TensorData.of(Shape.of(rows, columns), values));
    }

    /** Pairs 2 and 9 are alike, and so is all of row 4 but its own. */
    private static Tensor mask(int columns) {
        float[] mask = new float[BATCH * columns];
        mask[2 * columns + 9] = ContrastiveLoss.LEFT_OUT;
        mask[9 * columns + 2] = ContrastiveLoss.LEFT_OUT;
        for (int c = 0; c < columns; c++) {
            mask[4 * columns + c] = c == 4 ? 0 : ContrastiveLoss.LEFT_OUT;
        }
        return Tensor.variable("mask", TensorData.of(Shape.of(BATCH, columns), mask));
    }

    private void check(
            int size, Tensor rows, Tensor columns, @Nullable Tensor mask, Function<ScoreBlocks, Tensor> loss) {
        List<Tensor> trained = List.of(images, texts, negatives, scale, bias);
        List<List<float[]>> found = new ArrayList<>();
        for (int most : new int[] {BATCH, size}) {
            ScoreBlocks blocks = ScoreBlocks.of(rows, columns, mask, most);
            assertThat(blocks.count() > 1).isEqualTo(most == size);
            Tensor value = loss.apply(blocks);
            List<Tensor> outputs = new ArrayList<>(List.of(value));
            outputs.addAll(Gradients.of(value, trained));
            try (Program program = Program.compile(outputs, TestExecution.get())) {
                found.add(program.run().stream().map(TensorData::toFloats).toList());
            }
        }
        float value = found.getFirst().getFirst()[0];
        assertThat(value).isPositive();
        assertThat(found.getLast().getFirst()[0]).isCloseTo(value, within(1e-6f * value));
        for (int i = 1; i < found.getFirst().size(); i++) {
            float[] expected = found.getFirst().get(i);
            float largest = 0;
            for (float element : expected) {
                largest = Math.max(largest, Math.abs(element));
            }
            assertThat(found.getLast().get(i))
                    .as("gradient of %s", trained.get(i - 1))
                    .containsExactly(expected, within(2e-6f * Math.max(1, largest)));
            assertThat(i > 2 || largest > 1e-3f).as("there is a gradient").isTrue();
        }
    }

    /** Of the last two sizes the last block is smaller. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 12})
    void symmetric(int size) {
        check(size, images, texts, null, blocks -> ContrastiveLoss.symmetric(blocks, scale));
        check(size, images, texts, mask(BATCH), blocks -> ContrastiveLoss.symmetric(blocks, scale));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 12})
    void sigmoid(int size) {
        check(size, images, texts, null, blocks -> ContrastiveLoss.sigmoid(blocks, scale, bias));
        check(size, images, texts, mask(BATCH), blocks -> ContrastiveLoss.sigmoid(blocks, scale, bias));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 12})
    void oneDirection(int size) {
        Tensor documents = Tensor.concat(0, List.of(texts, negatives));
        check(size, images, documents, null, blocks -> ContrastiveLoss.oneDirection(blocks, 50));
        check(size, images, documents, mask(BATCH + NEGATIVES), blocks -> ContrastiveLoss.oneDirection(blocks, 5));
    }

    /** Negatives are sought by rows alone. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 12})
    void bothDirections(int size) {
        Tensor documents = Tensor.concat(0, List.of(texts, negatives));
        check(size, images, texts, null, blocks -> ContrastiveLoss.bothDirections(blocks, scale));
        check(size, images, documents, null, blocks -> ContrastiveLoss.bothDirections(blocks, scale));
        check(
                size,
                images,
                documents,
                mask(BATCH + NEGATIVES),
                blocks -> ContrastiveLoss.bothDirections(blocks, scale));
    }

    /** Exponentials of scores far apart neither overflow nor vanish from sums. */
    @Test
    void scoresFarApart() {
        Tensor large = Tensor.variable("scale", TensorData.of(Shape.SCALAR, (float) Math.log(1000)));
        for (int most : new int[] {BATCH, 2}) {
            Tensor loss = ContrastiveLoss.symmetric(ScoreBlocks.of(images, texts, null, most), large);
            assertThat(loss.evaluate(TestExecution.get()).item()).isBetween(100f, 2000f);
        }
        Tensor loss = ContrastiveLoss.symmetric(ScoreBlocks.of(images, texts, null, BATCH), large);
        Tensor blocks = ContrastiveLoss.symmetric(ScoreBlocks.of(images, texts, null, 1), large);
        assertThat(blocks.evaluate(TestExecution.get()).item())
                .isCloseTo(loss.evaluate(TestExecution.get()).item(), within(1e-3f));
    }

    /** All scores of such a batch are a gigabyte, of which a loss and its gradients need several. */
    @Test
    void memoryIsAPartOfThatOfAllScores() {
        int batch = 16_384;
        int size = 64;
        Tensor v = Tensor.input("v", Shape.of(batch, size), DType.F32);
        Tensor u = Tensor.input("u", Shape.of(batch, size), DType.F32);
        assertThat(workspace(ContrastiveLoss.symmetric(v, u, scale), v, u)).isLessThan(4L * batch * batch / 2);
        assertThat(workspace(ContrastiveLoss.sigmoid(v, u, scale, bias), v, u)).isLessThan(4L * batch * batch / 2);
        assertThat(workspace(ContrastiveLoss.oneDirection(v, u, v, 50), v, u)).isLessThan(4L * batch * batch / 2);
        // With negatives there are twice as many scores.
        assertThat(workspace(ContrastiveLoss.bothDirections(v, u, v, 50, null), v, u))
                .isLessThan(4L * batch * 2 * batch / 2);
    }

    /** Bytes that a loss and its gradients take. */
    private long workspace(Tensor loss, Tensor v, Tensor u) {
        Execution planned = new Execution(Device.cpu(), ProgramOptions.DEFAULT.asPlan());
        try (Program program = Program.compile(Gradients.of(loss, List.of(v, u, scale)), planned)) {
            return program.memory().workspace();
        }
    }
}
