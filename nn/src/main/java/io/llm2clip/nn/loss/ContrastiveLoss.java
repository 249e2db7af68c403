package io.llm2clip.nn.loss;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Losses that pull the two sides of a pair together and push them from all others of the batch. All embeddings are
 * L2-normalized here; row i of one side belongs to row i of the other.
 */
public final class ContrastiveLoss {
    /** Added to a score, it leaves its pair out of the softmax: the exponential is 0, and so is the gradient. */
    public static final float LEFT_OUT = -1e9f;

    private ContrastiveLoss() {}

    /**
     * CLIP's loss (Radford et al. 2021): the mean of the cross entropies of {@code s V U^T} by rows and by columns.
     *
     * @param images {@code [B, E]}
     * @param texts {@code [B, E]}
     * @param logitScale {@code []}, the logarithm of s
     */
    public static Tensor symmetric(Tensor images, Tensor texts, Tensor logitScale) {
        return symmetric(images, texts, logitScale, null);
    }

    /**
     * The same, where some pairs besides those of one row may belong together.
     *
     * @param mask {@code [B, B]}, 0 or {@link #LEFT_OUT} for pairs that are no negatives; null for none
     */
    public static Tensor symmetric(Tensor images, Tensor texts, Tensor logitScale, @Nullable Tensor mask) {
        Tensor logits = masked(cosines(images, texts).mul(logitScale.exp()), mask);
        return CrossEntropy.ofDiagonal(logits)
                .add(CrossEntropy.ofDiagonal(logits.transpose(0, 1)))
                .mul(0.5f);
    }

    /**
     * Retrieval of documents by queries: cross entropy of a query's scores over all positives and all negatives
     * ({@code HardNegativeNLLLoss} of LLM2Vec).
     *
     * @param queries {@code [B, E]}
     * @param positives {@code [B, E]}
     * @param negatives {@code [N, E]}, or null for none
     * @param scale factor of the cosines
     */
    public static Tensor oneDirection(Tensor queries, Tensor positives, @Nullable Tensor negatives, float scale) {
        return oneDirection(queries, positives, negatives, scale, null);
    }

    /**
     * The same, where some documents besides the positive may belong to a query.
     *
     * @param mask {@code [B, B + N]}, 0 or {@link #LEFT_OUT} for pairs that are no negatives; null for none
     */
    public static Tensor oneDirection(
            Tensor queries, Tensor positives, @Nullable Tensor negatives, float scale, @Nullable Tensor mask) {
        requirePairs(queries, positives);
        if (negatives != null) {
            requireScores(
                    queries.shape().dim(0),
                    (long) positives.shape().dim(0) + negatives.shape().dim(0));
        }
        Tensor documents = negatives == null ? positives : Tensor.concat(0, List.of(positives, negatives));
        return CrossEntropy.ofDiagonal(masked(
                queries.l2Normalize().matmulTransposed(documents.l2Normalize()).mul(scale), mask));
    }

    /**
     * SigLIP's loss (Zhai et al. 2023): {@code -1/B sum_ij log sigmoid(z_ij (s <v_i, u_j> + b))}, z = 1 for pairs and -1 for
     * others.
     *
     * @param images {@code [B, E]}
     * @param texts {@code [B, E]}
     * @param logitScale {@code []}, the logarithm of s
     * @param logitBias {@code []}, b
     */
    public static Tensor sigmoid(Tensor images, Tensor texts, Tensor logitScale, Tensor logitBias) {
        int batch = images.shape().dim(0);
        Tensor cosines = cosines(images, texts);
        // Computed where the scores are: as many signs would take as much memory again, here and on the device.
        Tensor number = numbers(batch);
        Tensor pairs = number.reshape(batch, 1).equalTo(number.reshape(1, batch));
        Tensor sign = Tensor.where(pairs, Tensor.scalar(1), Tensor.scalar(-1));
        Tensor logits = cosines.mul(logitScale.exp()).add(logitBias).mul(sign);
        // -log sigmoid(x) = log(1 + exp(-|x|)) + max(-x, 0) never overflows.
        Tensor losses =
                logits.abs().negate().exp().add(1).log().add(logits.negate().maximum(Tensor.scalar(0)));
        return losses.sum().div(batch);
    }

    private static Tensor masked(Tensor scores, @Nullable Tensor mask) {
        return mask == null ? scores : scores.add(mask);
    }

    private static Tensor cosines(Tensor images, Tensor texts) {
        requirePairs(images, texts);
        return images.l2Normalize().matmulTransposed(texts.l2Normalize());
    }

    private static Tensor numbers(int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = i;
        }
        return Tensor.variable("numbers", TensorData.of(Shape.of(count), numbers));
    }

    /** Every row is scored against every other one, so a batch reaches the limit of a tensor long before its embeddings do. */
    private static void requireScores(int rows, long columns) {
        if (rows * columns > Shape.MAX_ELEMENTS) {
            throw new IllegalArgumentException("Contrastive loss of " + rows + " x " + columns
                    + " scores, expected at most "
                    + Shape.MAX_ELEMENTS + "; use a smaller batch, such as " + (int) Math.sqrt(Shape.MAX_ELEMENTS)
                    + " pairs without negatives.");
        }
    }

    private static void requirePairs(Tensor a, Tensor b) {
        if (a.shape().rank() != 2 || !a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("Contrastive loss of " + a.shape() + " and " + b.shape()
                    + "; expected two matrices [batch, embedding] of one shape, a row for each pair.");
        }
        requireScores(a.shape().dim(0), b.shape().dim(0));
    }
}
