package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Scaled dot-product attention and its gradients, one query of one head at a time. */
final class AttentionReference {

    private final AttentionShape shape;
    private final Floats q;
    private final Floats k;
    private final Floats v;
    private final Sequence[] sequences;

    private AttentionReference(AttentionShape shape, MemorySegment[] operands) {
        this.shape = shape;
        this.q = new Floats(operands[0]);
        this.k = new Floats(operands[1]);
        this.v = new Floats(operands[2]);
        this.sequences = shape.ragged() ? ragged(shape, operands[3]) : padded(shape, operands[3]);
    }

    /**
     * One sequence.
     *
     * @param firstQuery its first row of q
     * @param queries its rows of q
     * @param firstKey its first row of k and v
     * @param keys how many rows of k and v exist
     */
    private record Sequence(int firstQuery, int queries, int firstKey, int keys) {}

    private static Sequence[] padded(AttentionShape shape, MemorySegment operand) {
        Indices lengths = new Indices("Attention", "lengths", operand, 0, shape.keys());
        Sequence[] sequences = new Sequence[shape.batch()];
        for (int b = 0; b < sequences.length; b++) {
            sequences[b] = new Sequence(b * shape.queries(), shape.queries(), b * shape.keys(), lengths.get(b));
        }
        return sequences;
    }

    private static Sequence[] ragged(AttentionShape shape, MemorySegment operand) {
        int start = new Indices("Attention", "offsets", operand, 0, shape.queries()).get(0);
        Sequence[] sequences = new Sequence[shape.batch()];
        for (int s = 0; s < sequences.length; s++) {
            int end = new Indices("Attention", "offsets", operand, start, shape.queries()).get(s + 1);
            sequences[s] = new Sequence(start, end - start, start, end - start);
            start = end;
        }
        return sequences;
    }

    static void attention(AttentionOp.Attention op, MemorySegment[] operands) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] rows = operands.clone();
            List<@Nullable RowPanels> layouts = Arrays.asList(op.q(), op.k(), op.v());
            for (int i = 0; i < layouts.size(); i++) {
                RowPanels panels = layouts.get(i);
                rows[i] = panels == null ? operands[i] : new PanelElements(panels, operands[i]).rows(arena);
            }
            attention(op.shape(), rows);
        }
    }

    private static void attention(AttentionShape shape, MemorySegment[] operands) {
        AttentionReference attention = new AttentionReference(shape, operands);
        double[] out = new double[attention.querySize()];
        for (Sequence sequence : attention.sequences) {
            for (int h = 0; h < shape.heads(); h++) {
                for (int i = 0; i < sequence.queries; i++) {
                    double[] probabilities = attention.probabilities(sequence, h, i);
                    for (int d = 0; d < shape.headSize(); d++) {
                        double sum = 0;
                        for (int j = 0; j < probabilities.length; j++) {
                            sum += probabilities[j] * attention.v.get(attention.keyRow(sequence, h, j) + d);
                        }
                        out[attention.queryRow(sequence, h, i) + d] = sum;
                    }
                }
            }
        }
        store(out, operands[4]);
    }

    static void gradient(AttentionShape shape, MemorySegment[] operands) {
        AttentionReference attention = new AttentionReference(shape, operands);
        Gradients gradients = attention.gradients(new Floats(operands[4]));
        store(gradients.dq, operands[5]);
        store(gradients.dk, operands[6]);
        store(gradients.dv, operands[7]);
    }

    private static void store(double[] values, MemorySegment operand) {
        Floats out = new Floats(operand);
        for (int i = 0; i < values.length; i++) {
            out.set(i, values[i]);
        }
    }

    private record Gradients(double[] dq, double[] dk, double[] dv) {}

    private Gradients gradients(Floats dout) {
        int keySize = size(shape.keys(), shape.keyValueHeads());
        Gradients gradients = new Gradients(new double[querySize()], new double[keySize], new double[keySize]);
        for (Sequence sequence : sequences) {
            for (int h = 0; h < shape.heads(); h++) {
                for (int i = 0; i < sequence.queries; i++) {
                    accumulate(sequence, h, i, dout, gradients);
                }
            }
        }
        return gradients;
    }

    /** {@code dv_j += p_j dout; dp_j = dout . v_j; ds_j = p_j (dp_j - sum p dp) scale; dq += ds_j k_j; dk_j += ds_j q}. */
    private void accumulate(Sequence sequence, int h, int i, Floats dout, Gradients gradients) {
        double[] p = probabilities(sequence, h, i);
        double[] dp = new double[p.length];
        int row = queryRow(sequence, h, i);
        double mean = 0;
        for (int j = 0; j < p.length; j++) {
            int keyRow = keyRow(sequence, h, j);
            for (int d = 0; d < shape.headSize(); d++) {
                dp[j] += (double) dout.get(row + d) * v.get(keyRow + d);
                gradients.dv[keyRow + d] += p[j] * dout.get(row + d);
            }
            mean += p[j] * dp[j];
        }
        for (int j = 0; j < p.length; j++) {
            double ds = p[j] * (dp[j] - mean) * shape.scale();
            int keyRow = keyRow(sequence, h, j);
            for (int d = 0; d < shape.headSize(); d++) {
                gradients.dq[row + d] += ds * k.get(keyRow + d);
                gradients.dk[keyRow + d] += ds * q.get(row + d);
            }
        }
    }

    /** One weight per visible key. */
    private double[] probabilities(Sequence sequence, int h, int i) {
        int visible = shape.causal() ? Math.min(sequence.keys, i + 1) : sequence.keys;
        double[] scores = new double[visible];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < visible; j++) {
            for (int d = 0; d < shape.headSize(); d++) {
                scores[j] += (double) q.get(queryRow(sequence, h, i) + d) * k.get(keyRow(sequence, h, j) + d);
            }
            scores[j] *= shape.scale();
            max = Math.max(max, scores[j]);
        }
        double sum = 0;
        for (int j = 0; j < visible; j++) {
            scores[j] = Math.exp(scores[j] - max);
            sum += scores[j];
        }
        for (int j = 0; j < visible; j++) {
            scores[j] /= sum;
        }
        return scores;
    }

    private int queryRow(Sequence sequence, int h, int i) {
        return ((sequence.firstQuery + i) * shape.heads() + h) * shape.headSize();
    }

    private int keyRow(Sequence sequence, int h, int j) {
        int group = h / (shape.heads() / shape.keyValueHeads());
        return ((sequence.firstKey + j) * shape.keyValueHeads() + group) * shape.headSize();
    }

    private int querySize() {
        return size(shape.queries(), shape.heads());
    }

    private int size(int rows, int heads) {
        return Math.toIntExact((shape.ragged() ? 1L : shape.batch()) * rows * heads * shape.headSize());
    }
}
