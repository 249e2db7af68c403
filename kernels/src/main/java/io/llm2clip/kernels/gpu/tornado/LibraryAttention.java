package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.cublas.Product;
import io.llm2clip.kernels.gpu.cublas.Product.Addend;
import io.llm2clip.kernels.gpu.cublas.Product.Factor;
import io.llm2clip.kernels.gpu.launch.AttentionRows;
import io.llm2clip.kernels.operations.AttentionShape;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention as matrix products of a library and a softmax between them, which keeps tensor cores busy, at the price of memory for the
 * scores of some sequences at a time. A product takes one query head of every key/value head of a sequence.
 */
final class LibraryAttention {
    /** Scores of a head from which on products pay; fewer are left to the fused kernel. */
    private static final long LEAST_SCORES = 64 * 64;
    /** Scores held at a time, unless one sequence has more. */
    private static final long MOST_SCORES = 64L << 20;

    private final AttentionShape shape;
    private final MatmulPrecision precision;
    private final long mostScores;
    private final int group;
    private final int queryRow;
    private final int keyRow;
    private final long sequenceScores;

    /** @param mostScores to be held at a time, unless one sequence has more */
    LibraryAttention(AttentionShape shape, MatmulPrecision precision, long mostScores) {
        this.shape = shape;
        // Factors stay f32: rounding the scores before the products would cost more than it brings.
        this.precision = precision == MatmulPrecision.F32 ? precision : MatmulPrecision.TF32;
        this.mostScores = mostScores;
        group = shape.heads() / shape.keyValueHeads();
        queryRow = shape.heads() * shape.headSize();
        keyRow = shape.keyValueHeads() * shape.headSize();
        sequenceScores = (long) shape.heads() * shape.queries() * shape.keys();
    }

    LibraryAttention(AttentionShape shape, MatmulPrecision precision) {
        this(shape, precision, MOST_SCORES);
    }

    /** Whether products pay. */
    static boolean pays(AttentionShape shape) {
        return shape.batch() > 0
                && shape.headSize() > 0
                && (long) shape.queries() * shape.keys() >= LEAST_SCORES
                && (long) shape.heads() * shape.queries() * shape.keys() <= Integer.MAX_VALUE / 2;
    }

    /** Steps of the forward pass. {@code at}: q, k, v, lengths, out. */
    List<DeviceStep> forward(int[] at, OperationScratch scratch) {
        int chunk = chunk(mostScores);
        int scores = scratch.take(DType.F32, chunk * sequenceScores);
        List<DeviceStep> steps = new ArrayList<>();
        for (int start = 0; start < shape.batch(); start += chunk) {
            Chunk part = new Chunk(start, Math.min(chunk, shape.batch() - start), steps);
            part.probabilities(at, scores);
            part.rowsTimesKeys(scores, at[2], at[4], 1);
        }
        return steps;
    }

    /** Steps of the gradients. {@code at}: q, k, v, lengths, dout, dq, dk, dv. */
    List<DeviceStep> gradient(int[] at, OperationScratch scratch) {
        int chunk = chunk(mostScores / 2);
        int scores = scratch.take(DType.F32, 2 * chunk * sequenceScores);
        int gradients = scores + (int) (chunk * sequenceScores);
        List<DeviceStep> steps = new ArrayList<>();
        for (int start = 0; start < shape.batch(); start += chunk) {
            Chunk part = new Chunk(start, Math.min(chunk, shape.batch() - start), steps);
            part.probabilities(at, scores);
            part.queriesTimesKeys(at[4], at[2], gradients, 1);
            steps.add(new BoundLaunch(
                    AttentionRows.softmaxGradient(shape, part.sequences), new int[] {scores, gradients, gradients}));
            part.rowsTimesKeys(gradients, at[1], at[5], shape.scale());
            part.columnsTimesQueries(gradients, at[0], at[6], shape.scale());
            part.columnsTimesQueries(scores, at[4], at[7], 1);
        }
        return steps;
    }

    private int chunk(long most) {
        return Math.clamp(most / sequenceScores, 1, shape.batch());
    }

    /** Some sequences, whose scores are {@code [sequences, heads, queries, keys]}. */
    private final class Chunk {
        private final int start;
        private final int sequences;
        private final List<DeviceStep> steps;

        Chunk(int start, int sequences, List<DeviceStep> steps) {
            this.start = start;
            this.sequences = sequences;
            this.steps = steps;
        }

        void probabilities(int[] at, int scores) {
            queriesTimesKeys(at[0], at[1], scores, shape.scale());
            steps.add(new BoundLaunch(AttentionRows.softmax(shape, start, sequences), new int[] {scores, at[3]}));
        }

        /** {@code scores[h] = alpha x[h] y[g]^T}, x as queries and y as keys. */
        void queriesTimesKeys(int x, int y, int scores, float alpha) {
            add(
                    new Product(
                            shape.keyValueHeads(),
                            shape.queries(),
                            shape.keys(),
                            shape.headSize(),
                            queries(),
                            keys(true),
                            scores(false),
                            alpha,
                            Addend.NONE),
                    (sequence, member) ->
                            new int[] {x + query(sequence, member), y + key(sequence), scores + score(sequence, member)
                            });
        }

        /** {@code out[h] = alpha scores[h] y[g]}, y as keys and out as queries. */
        void rowsTimesKeys(int scores, int y, int out, float alpha) {
            add(
                    new Product(
                            shape.keyValueHeads(),
                            shape.queries(),
                            shape.headSize(),
                            shape.keys(),
                            scores(false),
                            keys(false),
                            queries(),
                            alpha,
                            Addend.NONE),
                    (sequence, member) -> new int[] {
                        scores + score(sequence, member), y + key(sequence), out + query(sequence, member)
                    });
        }

        /** {@code out[g] = alpha sum_h scores[h]^T x[h]}, x as queries and out as keys. */
        void columnsTimesQueries(int scores, int x, int out, float alpha) {
            for (int first = 0; first < group; first++) {
                Product product = new Product(
                        shape.keyValueHeads(),
                        shape.keys(),
                        shape.headSize(),
                        shape.queries(),
                        scores(true),
                        queries(),
                        keys(false),
                        alpha,
                        first == 0 ? Addend.NONE : Addend.OUTPUT);
                add(product, first, first + 1, (sequence, member) ->
                        new int[] {scores + score(sequence, member), x + query(sequence, member), out + key(sequence)});
            }
        }

        private void add(Product product, Places places) {
            add(product, 0, group, places);
        }

        /** A product for some members of each group. */
        private void add(Product product, int from, int to, Places places) {
            List<int[]> all = new ArrayList<>();
            for (int sequence = start; sequence < start + sequences; sequence++) {
                for (int member = from; member < to; member++) {
                    all.add(places.of(sequence, member));
                }
            }
            steps.add(new BoundProduct(product, precision, all));
        }

        private int score(int sequence, int member) {
            return (int) ((sequence - start) * sequenceScores) + member * shape.queries() * shape.keys();
        }
    }

    private interface Places {
        int[] of(int sequence, int member);
    }

    private int query(int sequence, int member) {
        return sequence * shape.queries() * queryRow + member * shape.headSize();
    }

    private int key(int sequence) {
        return sequence * shape.keys() * keyRow;
    }

    private Factor queries() {
        return new Factor(false, queryRow, (long) group * shape.headSize());
    }

    private Factor keys(boolean transposed) {
        return new Factor(transposed, keyRow, shape.headSize());
    }

    private Factor scores(boolean transposed) {
        return new Factor(transposed, shape.keys(), (long) group * shape.queries() * shape.keys());
    }
}
