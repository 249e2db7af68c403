package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.AttentionShape;
import java.lang.foreign.MemorySegment;

/** Scaled dot-product attention and its gradients, one query of one head at a time. */
final class AttentionReference {

    private final AttentionShape shape;
    private final Floats q;
    private final Floats k;
    private final Floats v;
    private final Indices lengths;

    private AttentionReference(AttentionShape shape, MemorySegment[] operands) {
        this.shape = shape;
        this.q = new Floats(operands[0]);
        this.k = new Floats(operands[1]);
        this.v = new Floats(operands[2]);
        this.lengths = new Indices("Attention", "lengths", operands[3], 0, shape.keys());
    }

    static void attention(AttentionShape shape, MemorySegment[] operands) {
        AttentionReference attention = new AttentionReference(shape, operands);
        Floats out = new Floats(operands[4]);
        for (int b = 0; b < shape.batch(); b++) {
            for (int h = 0; h < shape.heads(); h++) {
                for (int i = 0; i < shape.queries(); i++) {
                    double[] probabilities = attention.probabilities(b, h, i);
                    for (int d = 0; d < shape.headSize(); d++) {
                        double sum = 0;
                        for (int j = 0; j < probabilities.length; j++) {
                            sum += probabilities[j] * attention.v.get(attention.keyRow(b, h, j) + d);
                        }
                        out.set(attention.queryRow(b, h, i) + d, sum);
                    }
                }
            }
        }
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
        int querySize = Math.toIntExact((long) shape.batch() * shape.queries() * shape.heads() * shape.headSize());
        int keySize = Math.toIntExact((long) shape.batch() * shape.keys() * shape.keyValueHeads() * shape.headSize());
        Gradients gradients = new Gradients(new double[querySize], new double[keySize], new double[keySize]);
        for (int b = 0; b < shape.batch(); b++) {
            for (int h = 0; h < shape.heads(); h++) {
                for (int i = 0; i < shape.queries(); i++) {
                    accumulate(b, h, i, dout, gradients);
                }
            }
        }
        return gradients;
    }

    /** {@code dv_j += p_j dout; dp_j = dout . v_j; ds_j = p_j (dp_j - sum p dp) scale; dq += ds_j k_j; dk_j += ds_j q}. */
    private void accumulate(int b, int h, int i, Floats dout, Gradients gradients) {
        double[] p = probabilities(b, h, i);
        double[] dp = new double[p.length];
        int row = queryRow(b, h, i);
        double mean = 0;
        for (int j = 0; j < p.length; j++) {
            int keyRow = keyRow(b, h, j);
            for (int d = 0; d < shape.headSize(); d++) {
                dp[j] += (double) dout.get(row + d) * v.get(keyRow + d);
                gradients.dv[keyRow + d] += p[j] * dout.get(row + d);
            }
            mean += p[j] * dp[j];
        }
        for (int j = 0; j < p.length; j++) {
            double ds = p[j] * (dp[j] - mean) * shape.scale();
            int keyRow = keyRow(b, h, j);
            for (int d = 0; d < shape.headSize(); d++) {
                gradients.dq[row + d] += ds * k.get(keyRow + d);
                gradients.dk[keyRow + d] += ds * q.get(row + d);
            }
        }
    }

    /** One weight a visible key. */
    private double[] probabilities(int b, int h, int i) {
        int visible = lengths.get(b);
        if (shape.causal()) {
            visible = Math.min(visible, i + 1);
        }
        double[] scores = new double[visible];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < visible; j++) {
            for (int d = 0; d < shape.headSize(); d++) {
                scores[j] += (double) q.get(queryRow(b, h, i) + d) * k.get(keyRow(b, h, j) + d);
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

    private int queryRow(int b, int h, int i) {
        return ((b * shape.queries() + i) * shape.heads() + h) * shape.headSize();
    }

    private int keyRow(int b, int h, int j) {
        int group = h / (shape.heads() / shape.keyValueHeads());
        return ((b * shape.keys() + j) * shape.keyValueHeads() + group) * shape.headSize();
    }
}
