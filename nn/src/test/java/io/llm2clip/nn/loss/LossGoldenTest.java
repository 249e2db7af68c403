package io.llm2clip.nn.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Goldens;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Values and gradients of every loss against PyTorch's. */
class LossGoldenTest {

    @Test
    void symmetric() {
        Goldens.check(
                "loss_symmetric",
                List.of("images", "texts", "scale"),
                in -> ContrastiveLoss.symmetric(in.get(0), in.get(1), in.get(2)));
    }

    @Test
    void sigmoid() {
        Goldens.check(
                "loss_sigmoid",
                List.of("images", "texts", "scale", "bias"),
                in -> ContrastiveLoss.sigmoid(in.get(0), in.get(1), in.get(2), in.get(3)));
    }

    /** Texts 0 and 2 are equal, so each is no negative of the other's image. */
    @Test
    void sigmoidWithoutSomePairs() {
        float out = ContrastiveLoss.LEFT_OUT;
        Tensor mask = Tensor.variable(
                "mask", TensorData.of(Shape.of(4, 4), 0, 0, out, 0, 0, 0, 0, 0, out, 0, 0, 0, 0, 0, 0, 0));
        Goldens.check(
                "loss_sigmoid_masked",
                List.of("images", "texts", "scale", "bias"),
                in -> ContrastiveLoss.sigmoid(in.get(0), in.get(1), in.get(2), in.get(3), mask));
    }

    @Test
    void oneDirection() {
        Goldens.check(
                "loss_one_direction",
                List.of("queries", "positives", "negatives"),
                in -> ContrastiveLoss.oneDirection(in.get(0), in.get(1), in.get(2), 20));
    }

    @Test
    void crossEntropyLeavesOutMinusOne() {
        Tensor targets = Tensor.variable("targets", TensorData.ofInts(Shape.of(5), 2, -1, 0, -1, 4));
        Goldens.check("loss_cross_entropy", List.of("logits"), in -> CrossEntropy.mean(in.getFirst(), targets));
    }

    @Test
    void crossEntropyOfNothingIsZero() {
        Tensor targets = Tensor.variable("targets", TensorData.ofInts(Shape.of(2), -1, -1));
        assertThat(CrossEntropy.mean(Tensor.full(1, Shape.of(2, 3)), targets)
                        .evaluate(TestExecution.get())
                        .item())
                .isZero();
    }

    @Test
    void lossWithoutNegativesHasOneColumnAPair() {
        Tensor same = Tensor.full(1, Shape.of(4, 3));
        assertThat(ContrastiveLoss.oneDirection(same, same, null, 20)
                        .evaluate(TestExecution.get())
                        .item())
                // Logits of 20 are no more exact than this, wherever they are computed.
                .isCloseTo((float) Math.log(4), within(2e-6f));
    }

    @Test
    void pairsLeftOutCountAsIfTheyWereNotThere() {
        Tensor images = Tensor.variable("values", TensorData.of(Shape.of(3, 2), 1, 0, 0, 1, 1, 1));
        Tensor texts = Tensor.variable("values", TensorData.of(Shape.of(3, 2), 1, 0.5f, 0.2f, 1, 1, 0.5f));
        float out = ContrastiveLoss.LEFT_OUT;
        // Texts 0 and 2 are equal, so each is no negative of the other's image.
        Tensor mask = Tensor.variable("values", TensorData.of(Shape.of(3, 3), 0, 0, out, 0, 0, 0, out, 0, 0));
        double[][] cosines = new double[3][3];
        float[] v = {1, 0, 0, 1, (float) Math.sqrt(0.5), (float) Math.sqrt(0.5)};
        double[][] u = {{1, 0.5}, {0.2, 1}, {1, 0.5}};
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                double norm = Math.hypot(u[j][0], u[j][1]);
                cosines[i][j] = (v[2 * i] * u[j][0] + v[2 * i + 1] * u[j][1]) / norm;
            }
        }
        double expected = 0;
        for (int i = 0; i < 3; i++) {
            double rows = 0;
            double columns = 0;
            for (int j = 0; j < 3; j++) {
                if (i == j || (i != 1 && j == 1) || i == 1) {
                    rows += Math.exp(cosines[i][j]);
                    columns += Math.exp(cosines[j][i]);
                }
            }
            expected += (Math.log(rows) + Math.log(columns) - 2 * cosines[i][i]) / 6;
        }
        Tensor loss = ContrastiveLoss.symmetric(images, texts, Tensor.scalar(0), mask);
        assertThat(loss.evaluate(TestExecution.get()).item()).isCloseTo((float) expected, within(1e-6f));
    }

    @Test
    void bothDirectionsAreTheMeanOfEach() {
        Tensor queries = Tensor.variable("values", TensorData.of(Shape.of(3, 2), 1, 0.2f, -0.3f, 1, 1, 1));
        Tensor positives = Tensor.variable("values", TensorData.of(Shape.of(3, 2), 1, 0.5f, 0.2f, 1, 0.7f, -0.5f));
        Tensor negatives = Tensor.variable("values", TensorData.of(Shape.of(2, 2), 0.1f, 1, 2, 0.3f));
        float out = ContrastiveLoss.LEFT_OUT;
        Tensor mask = Tensor.variable(
                "values", TensorData.of(Shape.of(3, 5), 0, 0, out, 0, 0, 0, 0, 0, out, 0, 0, 0, 0, 0, 0));
        Tensor back = Tensor.variable("values", TensorData.of(Shape.of(3, 3), 0, 0, 0, 0, 0, 0, out, 0, 0));
        double there = value(ContrastiveLoss.oneDirection(queries, positives, negatives, 5, mask));
        double andBack = value(ContrastiveLoss.oneDirection(positives, queries, null, 5, back));
        assertThat(value(ContrastiveLoss.bothDirections(queries, positives, negatives, 5, mask)))
                .isCloseTo((there + andBack) / 2, within(1e-6));
        assertThat(Math.abs(there - andBack)).isGreaterThan(0.1);
        assertThat(value(ContrastiveLoss.bothDirections(queries, positives, null, 5, null)))
                .isCloseTo(
                        value(ContrastiveLoss.symmetric(queries, positives, Tensor.scalar((float) Math.log(5)))),
                        within(1e-6));
    }

    private static double value(Tensor loss) {
        return loss.evaluate(TestExecution.get()).item();
    }

    @Test
    void pairsNeedOneShape() {
        assertThatThrownBy(() -> ContrastiveLoss.symmetric(
                        Tensor.full(1, Shape.of(4, 3)), Tensor.full(1, Shape.of(4, 2)), Tensor.scalar(1)))
                .hasMessage(
                        "Contrastive loss of [4, 3] and [4, 2]; expected two matrices [batch, embedding] of one shape, "
                                + "a row for each pair.");
    }

    /** 46,341 squared is more than an int; the graph is built, not run. */
    @Test
    void batchesBeyondATensorAreRefused() {
        String message = "Contrastive loss of 46341 x 46341 scores, expected at most 2147483583; use a smaller batch,"
                + " such as 46340 pairs without negatives.";
        Tensor side = Tensor.input("side", Shape.of(46_341, 2), DType.F32);
        Tensor fits = Tensor.input("fits", Shape.of(46_340, 2), DType.F32);
        Tensor scale = Tensor.scalar(1);
        assertThatThrownBy(() -> ContrastiveLoss.symmetric(side, side, scale)).hasMessage(message);
        assertThatThrownBy(() -> ContrastiveLoss.sigmoid(side, side, scale, scale))
                .hasMessage(message);
        assertThatThrownBy(() -> ContrastiveLoss.oneDirection(side, side, null, 20))
                .hasMessage(message);
        assertThatThrownBy(() -> ContrastiveLoss.oneDirection(fits, fits, side, 20))
                .hasMessageStartingWith("Contrastive loss of 46340 x 92681 scores, expected at most 2147483583;");
        assertThat(ContrastiveLoss.symmetric(fits, fits, scale).shape()).isEqualTo(Shape.SCALAR);
        assertThat(ContrastiveLoss.sigmoid(fits, fits, scale, scale).shape()).isEqualTo(Shape.SCALAR);
    }
}
