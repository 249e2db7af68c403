package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import java.lang.foreign.MemorySegment;

/** Reductions and softmax. */
final class RowReference {

    private RowReference() {}

    static void reduce(Reduce op, Floats in, Floats out) {
        for (long outer = 0; outer < op.outer(); outer++) {
            for (long inner = 0; inner < op.inner(); inner++) {
                double result = op.reduction() == Reduction.SUM ? 0 : Double.NEGATIVE_INFINITY;
                for (long i = 0; i < op.extent(); i++) {
                    double value = in.get((outer * op.extent() + i) * op.inner() + inner);
                    result = op.reduction() == Reduction.SUM ? result + value : Math.max(result, value);
                }
                out.set(outer * op.inner() + inner, result);
            }
        }
    }

    static void squareSums(SquareSums op, Floats[] operands) {
        long block = 0;
        for (int i = 0; i < op.elements().size(); i++) {
            for (long start = 0; start < op.elements().get(i); start += SquareSums.BLOCK) {
                double sum = 0;
                long end = Math.min(op.elements().get(i), start + SquareSums.BLOCK);
                for (long e = start; e < end; e++) {
                    sum += (double) operands[i].get(e) * operands[i].get(e);
                }
                operands[operands.length - 1].set(block++, sum);
            }
        }
    }

    static void softmax(SoftmaxOp.Softmax op, MemorySegment[] operands) {
        Floats x = new Floats(operands[0]);
        StoredElements out = new StoredElements(op.output(), operands[1]);
        for (long row = 0; row < op.rows(); row++) {
            double[] probabilities = softmax(x, row * op.columns(), op.columns());
            for (int c = 0; c < op.columns(); c++) {
                out.set(row * op.columns() + c, probabilities[c]);
            }
        }
    }

    static void softmaxGradient(SoftmaxOp.SoftmaxGradient op, Floats[] operands) {
        for (long row = 0; row < op.rows(); row++) {
            long start = row * op.columns();
            double dot = 0;
            for (int c = 0; c < op.columns(); c++) {
                dot += (double) operands[0].get(start + c) * operands[1].get(start + c);
            }
            for (int c = 0; c < op.columns(); c++) {
                operands[2].set(start + c, operands[0].get(start + c) * (operands[1].get(start + c) - dot));
            }
        }
    }

    static double[] softmax(Floats logits, long start, int columns) {
        double logSumExp = logSumExp(logits, start, columns);
        double[] probabilities = new double[columns];
        for (int c = 0; c < columns; c++) {
            probabilities[c] = Math.exp(logits.get(start + c) - logSumExp);
        }
        return probabilities;
    }

    /** NaN if a logit is NaN or positive infinity, or if all are negative infinity. */
    static double logSumExp(Floats logits, long start, int columns) {
        double max = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < columns; c++) {
            max = Math.max(max, logits.get(start + c));
        }
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            sum += Math.exp(logits.get(start + c) - max);
        }
        return max + Math.log(sum);
    }
}
