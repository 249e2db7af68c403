package io.llm2clip.nn.loss;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Cosines of every row of one side with every row of the other, by blocks of rows: where a batch is large, the scores of all pairs take
 * more memory than its embeddings. What a loss takes of a block is computed again on the way back, so that the scores of one block are
 * there at a time; but each block has gradients of both sides, so there are few blocks where embeddings are wide.
 */
final class ScoreBlocks {
    /** So many scores are one block, 16 MB of them. */
    private static final int WHOLE = 1 << 22;
    /** Matrices like the scores that a loss and its gradients need at a time. */
    private static final int SCORES = 3;

    private final Tensor rows;
    private final Tensor columns;
    private final @Nullable Tensor mask;
    private final int size;

    /** What a loss takes of a block. */
    interface Body {
        /**
         * A vector.
         *
         * @param cosines {@code [n, columns]}
         * @param mask the same of the mask, if there is one
         * @param numbers i32 {@code [n]} of the rows
         */
        Tensor of(Tensor cosines, @Nullable Tensor mask, Tensor numbers);
    }

    private ScoreBlocks(Tensor rows, Tensor columns, @Nullable Tensor mask, int size) {
        this.rows = rows;
        this.columns = columns;
        this.mask = mask;
        this.size = size;
    }

    /**
     * Blocks that take the least memory.
     *
     * @param rows {@code [R, E]}
     * @param columns {@code [C, E]}; both are normalized here
     * @param mask {@code [R, C]}, or null
     */
    static ScoreBlocks of(Tensor rows, Tensor columns, @Nullable Tensor mask) {
        double r = rows.shape().dim(0);
        double c = columns.shape().dim(0);
        // R / n gradients of (R + C) E elements, and some matrices of n C.
        double least = Math.sqrt(r * (r + c) * rows.shape().dim(1) / (SCORES * c));
        return of(rows, columns, mask, r * c <= WHOLE ? (int) r : (int) Math.clamp(least, 1, r));
    }

    /** @param size rows of a block */
    static ScoreBlocks of(Tensor rows, Tensor columns, @Nullable Tensor mask, int size) {
        return new ScoreBlocks(rows.l2Normalize(), columns.l2Normalize(), mask, size);
    }

    /** R. */
    int rows() {
        return rows.shape().dim(0);
    }

    /** C. */
    int columns() {
        return columns.shape().dim(0);
    }

    /** How many blocks there are. */
    int count() {
        return Math.ceilDiv(rows(), size);
    }

    /** Of each block what the body makes of it, in order. */
    List<Tensor> map(Body body) {
        int all = rows();
        List<Tensor> results = new ArrayList<>();
        for (int from = 0; from < all; from += size) {
            int to = Math.min(all, from + size);
            Tensor numbers = Tensor.variable(
                    "numbers",
                    TensorData.ofInts(
                            Shape.of(to - from), IntStream.range(from, to).toArray()));
            List<Tensor> inputs = new ArrayList<>(List.of(rows.slice(0, from, to), columns));
            if (mask != null) {
                inputs.add(mask.slice(0, from, to));
            }
            results.add(
                    count() == 1
                            ? apply(body, inputs, numbers)
                            : Tensor.recompute(inputs, in -> apply(body, in, numbers)));
        }
        return results;
    }

    private static Tensor apply(Body body, List<Tensor> in, Tensor numbers) {
        return body.of(in.get(0).matmulTransposed(in.get(1)), in.size() == 3 ? in.get(2) : null, numbers);
    }

    /** The cosine of each row with the column of its number. */
    Tensor diagonal() {
        return rows.mul(columns.slice(0, 0, rows())).sum(-1);
    }
}
