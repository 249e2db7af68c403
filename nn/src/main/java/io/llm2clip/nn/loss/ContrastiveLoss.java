package io.llm2clip.nn.loss;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Losses that pull the two sides of a pair together and push them from all others of the batch. All embeddings are
 * L2-normalized here; row i of one side belongs to row i of the other. Of more than four million pairs, scores are computed by {@link
 * ScoreBlocks}, so that they do not take the most memory.
 */
public final class ContrastiveLoss {
    /** Added to a score, it leaves its pair out of softmax and sigmoid: the exponential is 0, and so is the gradient. */
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
        requirePairs(images, texts);
        return symmetric(ScoreBlocks.of(images, texts, mask), logitScale);
    }

    static Tensor symmetric(ScoreBlocks scores, Tensor logitScale) {
        return bothDirections(scores, logitScale.exp());
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
        return oneDirection(scores(queries, positives, negatives, mask), scale);
    }

    static Tensor oneDirection(ScoreBlocks scores, float scale) {
        return Tensor.concat(
                        0,
                        scores.map((cosines, mask, numbers) ->
                                masked(cosines.mul(scale), mask).crossEntropy(numbers)))
                .mean();
    }

    /**
     * The mean of {@link #oneDirection} and of the cross entropy of each positive's scores over all queries.
     *
     * @param mask {@code [B, B + N]}, as in one direction; of its first columns the other direction's is the transpose
     */
    public static Tensor bothDirections(
            Tensor queries, Tensor positives, @Nullable Tensor negatives, float scale, @Nullable Tensor mask) {
        return bothDirections(scores(queries, positives, negatives, mask), Tensor.scalar(scale));
    }

    /** Rows seek among all columns, and the columns that are theirs among all rows. */
    static Tensor bothDirections(ScoreBlocks scores, Tensor scale) {
        if (scores.count() > 1) {
            return inBlocks(scores, scale);
        }
        Tensor logits = scores.map((cosines, mask, _) -> masked(cosines.mul(scale), mask))
                .getFirst();
        return CrossEntropy.ofDiagonal(logits)
                .add(CrossEntropy.ofDiagonal(paired(logits, scores).transpose(0, 1)))
                .mul(0.5f);
    }

    /** Rows are whole in a block; of columns a block knows a part of the sum of exponentials. */
    private static Tensor inBlocks(ScoreBlocks scores, Tensor scale) {
        int pairs = scores.rows();
        List<Tensor> byRows = new ArrayList<>();
        List<Tensor> byColumns = new ArrayList<>();
        for (Tensor block : scores.map((cosines, mask, numbers) -> {
            Tensor logits = masked(cosines.mul(scale), mask);
            return Tensor.concat(0, List.of(logSumExp(paired(logits, scores)), logits.crossEntropy(numbers)));
        })) {
            byColumns.add(block.slice(0, 0, pairs).reshape(1, pairs));
            byRows.add(block.slice(0, pairs, block.shape().dim(0)));
        }
        Tensor columns =
                logSumExp(Tensor.concat(0, byColumns)).sub(scores.diagonal().mul(scale));
        return Tensor.concat(0, byRows).mean().add(columns.mean()).mul(0.5f);
    }

    /** Of the columns of a matrix. */
    private static Tensor logSumExp(Tensor matrix) {
        Tensor largest = matrix.max(0).stopGradient();
        return matrix.sub(largest).exp().sum(0).log().add(largest);
    }

    /** The columns that belong to rows; those behind them are negatives. */
    private static Tensor paired(Tensor logits, ScoreBlocks scores) {
        return scores.columns() == scores.rows() ? logits : logits.slice(1, 0, scores.rows());
    }

    private static ScoreBlocks scores(
            Tensor queries, Tensor positives, @Nullable Tensor negatives, @Nullable Tensor mask) {
        requirePairs(queries, positives);
        if (negatives != null) {
            requireScores(
                    queries.shape().dim(0),
                    (long) positives.shape().dim(0) + negatives.shape().dim(0));
        }
        Tensor documents = negatives == null ? positives : Tensor.concat(0, List.of(positives, negatives));
        return ScoreBlocks.of(queries, documents, mask);
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
        return sigmoid(images, texts, logitScale, logitBias, null);
    }

    /**
     * The same, where some pairs besides those of one row may belong together: they count neither as pairs nor as others.
     *
     * @param mask {@code [B, B]}, 0 or {@link #LEFT_OUT} for pairs that are no negatives; null for none
     */
    public static Tensor sigmoid(
            Tensor images, Tensor texts, Tensor logitScale, Tensor logitBias, @Nullable Tensor mask) {
        requirePairs(images, texts);
        return sigmoid(ScoreBlocks.of(images, texts, mask), logitScale, logitBias);
    }

    static Tensor sigmoid(ScoreBlocks scores, Tensor logitScale, Tensor logitBias) {
        int batch = scores.columns();
        Tensor scale = logitScale.exp();
        Tensor columns = Tensor.range(batch).reshape(1, batch);
        List<Tensor> sums = scores.map((cosines, mask, numbers) -> {
            // Computed where the scores are: as many signs would take as much memory again, here and on the device.
            Tensor pairs = numbers.cast(DType.F32).reshape(-1, 1).equalTo(columns);
            Tensor sign = Tensor.where(pairs, Tensor.scalar(1), Tensor.scalar(-1));
            Tensor logits = masked(cosines.mul(scale).add(logitBias), mask).mul(sign);
            // -log sigmoid(x) = log(1 + exp(-|x|)) + max(-x, 0) never overflows.
            Tensor losses =
                    logits.abs().negate().exp().add(1).log().add(logits.negate().maximum(Tensor.scalar(0)));
            return losses.sum().reshape(1);
        });
        return Tensor.concat(0, sums).sum().div(batch);
    }

    private static Tensor masked(Tensor scores, @Nullable Tensor mask) {
        return mask == null ? scores : scores.add(mask);
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
