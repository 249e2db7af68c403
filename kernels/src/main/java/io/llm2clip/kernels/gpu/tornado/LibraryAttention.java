package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.cublas.Product;
import io.llm2clip.kernels.gpu.cublas.Product.Addend;
import io.llm2clip.kernels.gpu.cublas.Product.Factor;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.device.OperationScratch;
import io.llm2clip.kernels.gpu.launch.AttentionRows;
import io.llm2clip.kernels.operations.AttentionShape;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention as matmuls of a library and a softmax between them, which keeps tensor cores busy, at the price of memory for the scores
 * of some sequences at a time. A matmul takes one query head of every key/value head of a sequence.
 */
final class LibraryAttention {
    /** Scores per head from which on matmuls pay; fewer are left to the fused kernel. */
    private static final long MIN_SCORES = 64 * 64;
    /** Scores held at a time, unless one sequence has more. */
    private static final long MAX_SCORES = 64L << 20;

    private final AttentionShape shape;
    private final MatmulPrecision precision;
    private final long maxScores;
    private final int group;
    private final int queryRow;
    private final int keyRow;
    private final long sequenceScores;

    /** @param maxScores to be held at a time, unless one sequence has more */
    LibraryAttention(AttentionShape shape, MatmulPrecision precision, long maxScores) {
        this.shape = shape;
        // Operands stay f32: rounding the scores before the matmuls would cost more than it brings.
        this.precision = precision == MatmulPrecision.F32 ? precision : MatmulPrecision.TF32;
        this.maxScores = maxScores;
        group = shape.heads() / shape.keyValueHeads();
        queryRow = shape.heads() * shape.headSize();
        keyRow = shape.keyValueHeads() * shape.headSize();
        sequenceScores = (long) shape.heads() * shape.queries() * shape.keys();
    }

    LibraryAttention(AttentionShape shape, MatmulPrecision precision) {
        this(shape, precision, MAX_SCORES);
    }

    /** Whether matmuls pay. */
    static boolean pays(AttentionShape shape) {
        return !shape.ragged()
                && shape.batch() > 0
                && shape.headSize() > 0
                && (long) shape.queries() * shape.keys() >= MIN_SCORES
                && (long) shape.heads() * shape.queries() * shape.keys() <= Integer.MAX_VALUE / 2;
    }

    /** Steps of the forward pass. {@code at}: q, k, v, lengths, out. */
    List<DeviceStep> forward(List<DeviceAddress> at, OperationScratch scratch) {
        int chunk = chunk(maxScores);
        DeviceAddress scores = scratch.take(DType.F32, chunk * sequenceScores);
        List<DeviceStep> steps = new ArrayList<>();
        for (int start = 0; start < shape.batch(); start += chunk) {
            Chunk part = new Chunk(start, Math.min(chunk, shape.batch() - start), steps);
            part.probabilities(at, scores);
            part.rowsTimesKeys(scores, at.get(2), at.get(4), 1);
        }
        return steps;
    }

    /** Steps of the gradients. {@code at}: q, k, v, lengths, dout, dq, dk, dv. */
    List<DeviceStep> gradient(List<DeviceAddress> at, OperationScratch scratch) {
        int chunk = chunk(maxScores / 2);
        DeviceAddress scores = scratch.take(DType.F32, 2 * chunk * sequenceScores);
        DeviceAddress gradients = scores.plus((int) (chunk * sequenceScores));
        List<DeviceStep> steps = new ArrayList<>();
        for (int start = 0; start < shape.batch(); start += chunk) {
            Chunk part = new Chunk(start, Math.min(chunk, shape.batch() - start), steps);
            part.probabilities(at, scores);
            part.queriesTimesKeys(at.get(4), at.get(2), gradients, 1);
            steps.add(new BoundLaunch(
                    AttentionRows.softmaxGradient(shape, part.sequences), List.of(scores, gradients, gradients)));
            part.rowsTimesKeys(gradients, at.get(1), at.get(5), shape.scale());
            part.columnsTimesQueries(gradients, at.get(0), at.get(6), shape.scale());
            part.columnsTimesQueries(scores, at.get(4), at.get(7), 1);
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

        void probabilities(List<DeviceAddress> at, DeviceAddress scores) {
            queriesTimesKeys(at.get(0), at.get(1), scores, shape.scale());
            steps.add(new BoundLaunch(AttentionRows.softmax(shape, start, sequences), List.of(scores, at.get(3))));
        }

        /** {@code scores[h] = alpha x[h] y[g]^T}, x as queries and y as keys. */
        void queriesTimesKeys(DeviceAddress x, DeviceAddress y, DeviceAddress scores, float alpha) {
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
                    List.of(x, y, scores),
                    (sequence, member) -> new int[] {query(sequence, member), key(sequence), score(sequence, member)});
        }

        /** {@code out[h] = alpha scores[h] y[g]}, y as keys and out as queries. */
        void rowsTimesKeys(DeviceAddress scores, DeviceAddress y, DeviceAddress out, float alpha) {
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
                    List.of(scores, y, out),
                    (sequence, member) -> new int[] {score(sequence, member), key(sequence), query(sequence, member)});
        }

        /** {@code out[g] = alpha sum_h scores[h]^T x[h]}, x as queries and out as keys. */
        void columnsTimesQueries(DeviceAddress scores, DeviceAddress x, DeviceAddress out, float alpha) {
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
                add(product, first, first + 1, List.of(scores, x, out), (sequence, member) ->
                        new int[] {score(sequence, member), query(sequence, member), key(sequence)});
            }
        }

        private void add(Product product, List<DeviceAddress> operands, Offsets offsets) {
            add(product, 0, group, operands, offsets);
        }

        /** A matmul for some members of each group. */
        private void add(Product product, int from, int to, List<DeviceAddress> operands, Offsets offsets) {
            List<int[]> all = new ArrayList<>();
            for (int sequence = start; sequence < start + sequences; sequence++) {
                for (int member = from; member < to; member++) {
                    int[] at = offsets.of(sequence, member);
                    for (int i = 0; i < at.length; i++) {
                        at[i] += operands.get(i).element();
                    }
                    all.add(at);
                }
            }
            List<Integer> arenas = operands.stream().map(DeviceAddress::arena).toList();
            steps.add(new BoundProduct(product, precision, arenas, all));
        }

        private int score(int sequence, int member) {
            return (int) ((sequence - start) * sequenceScores) + member * shape.queries() * shape.keys();
        }
    }

    /** Where the matrices of a matmul begin in its operands. */
    private interface Offsets {
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
