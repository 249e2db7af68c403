package io.llm2clip.demo;

import io.llm2clip.data.FloatMatrix;

/** Cosines of a few hundred embeddings, for examples; retrieval is measured elsewhere. */
final class Cosines {
    private Cosines() {}

    /** Cosines {@code [A][B]} of embeddings {@code [A, E]} and {@code [B, E]}. */
    static double[][] of(FloatMatrix a, FloatMatrix b) {
        float[][] rows = normalized(a.toArrays());
        float[][] columns = normalized(b.toArrays());
        double[][] cosines = new double[rows.length][columns.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < columns.length; j++) {
                cosines[i][j] = dot(rows[i], columns[j]);
            }
        }
        return cosines;
    }

    private static float[][] normalized(float[][] rows) {
        float[][] units = new float[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            double norm = Math.max(1e-12, Math.sqrt(dot(rows[i], rows[i])));
            units[i] = new float[rows[i].length];
            for (int c = 0; c < units[i].length; c++) {
                units[i][c] = (float) (rows[i][c] / norm);
            }
        }
        return units;
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }
}
