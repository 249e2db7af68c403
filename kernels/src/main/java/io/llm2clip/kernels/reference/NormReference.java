package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.NormOp;
import java.lang.foreign.MemorySegment;

/** Layer and root-mean-square normalization. */
final class NormReference {

    private NormReference() {}

    static void layerNorm(NormOp.LayerNorm op, MemorySegment[] operands) {
        Floats x = new Floats(operands[0]);
        Floats weight = new Floats(operands[1]);
        Floats bias = new Floats(operands[2]);
        StoredElements out = new StoredElements(op.output(), operands[3]);
        for (long row = 0; row < op.rows(); row++) {
            double[] normalized = normalized(x, row, op.columns(), op.epsilon(), true);
            for (int c = 0; c < op.columns(); c++) {
                out.set(row * op.columns() + c, normalized[c] * weight.get(c) + bias.get(c));
            }
        }
    }

    static void rmsNorm(NormOp.RmsNorm op, MemorySegment[] operands) {
        Floats x = new Floats(operands[0]);
        Floats weight = new Floats(operands[1]);
        StoredElements out = new StoredElements(op.output(), operands[2]);
        for (long row = 0; row < op.rows(); row++) {
            double[] normalized = normalized(x, row, op.columns(), op.epsilon(), false);
            for (int c = 0; c < op.columns(); c++) {
                out.set(row * op.columns() + c, normalized[c] * weight.get(c));
            }
        }
    }

    static void layerNormGradient(NormOp.LayerNormGradient op, Floats[] operands) {
        gradient(op.rows(), op.columns(), op.epsilon(), true, operands);
    }

    static void rmsNormGradient(NormOp.RmsNormGradient op, Floats[] operands) {
        gradient(op.rows(), op.columns(), op.epsilon(), false, operands);
    }

    /**
     * With {@code n} the normalized row and {@code g = dy * weight}:
     * {@code dx = (g - mean(g) - n mean(g n)) / deviation}, where mean(g) is there only if the mean was taken out.
     */
    private static void gradient(int rows, int columns, float epsilon, boolean centered, Floats[] operands) {
        Floats x = operands[0];
        Floats weight = operands[1];
        Floats dy = operands[2];
        Floats dx = operands[3];
        double[] dweight = new double[columns];
        double[] dbias = new double[columns];
        for (long row = 0; row < rows; row++) {
            long start = row * columns;
            double[] normalized = normalized(x, row, columns, epsilon, centered);
            double deviation = deviation(x, start, columns, epsilon, centered ? mean(x, start, columns) : 0);
            double meanG = 0;
            double meanGN = 0;
            for (int c = 0; c < columns; c++) {
                double g = (double) dy.get(start + c) * weight.get(c);
                meanG += g / columns;
                meanGN += g * normalized[c] / columns;
                dweight[c] += dy.get(start + c) * normalized[c];
                dbias[c] += dy.get(start + c);
            }
            for (int c = 0; c < columns; c++) {
                double g = (double) dy.get(start + c) * weight.get(c);
                dx.set(start + c, (g - (centered ? meanG : 0) - normalized[c] * meanGN) / deviation);
            }
        }
        boolean parameters = operands.length > 4;
        for (int c = 0; c < columns && parameters; c++) {
            operands[4].set(c, dweight[c]);
            if (centered) {
                operands[5].set(c, dbias[c]);
            }
        }
    }

    private static double[] normalized(Floats x, long row, int columns, float epsilon, boolean centered) {
        long start = row * columns;
        double mean = centered ? mean(x, start, columns) : 0;
        double deviation = deviation(x, start, columns, epsilon, mean);
        double[] normalized = new double[columns];
        for (int c = 0; c < columns; c++) {
            normalized[c] = (x.get(start + c) - mean) / deviation;
        }
        return normalized;
    }

    private static double mean(Floats x, long start, int columns) {
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            sum += x.get(start + c);
        }
        return sum / columns;
    }

    private static double deviation(Floats x, long start, int columns, float epsilon, double mean) {
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            sum += (x.get(start + c) - mean) * (x.get(start + c) - mean);
        }
        return Math.sqrt(sum / columns + epsilon);
    }
}
