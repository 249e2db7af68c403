package io.llm2clip.evaluation;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.tensor.machine.Processor;

/**
 * Ranks of right answers by cosine. Scores are computed for four queries against a tile of candidates at a time, with
 * candidates transposed so that the innermost loop runs over them and vectorizes; every score is summed in the order of
 * dimensions, so results do not depend on threads or tiles.
 */
final class CosineRanking {
    private static final int TILE = 256;
    private static final int QUERIES = 4;

    private CosineRanking() {}

    /**
     * The rank of the best right answer for every query.
     *
     * @param queries {@code [Q, E]}
     * @param candidates {@code [C, E]}
     * @param answers for every query its right candidates, at least one
     */
    static Ranks ranks(FloatMatrix queries, FloatMatrix candidates, int[][] answers) {
        requireOneWidth(queries, candidates);
        float[] queryScales = scales(queries, "query");
        float[][][] tiles = transpose(candidates, scales(candidates, "candidate"));
        int[] ranks = new int[queries.rows()];
        Processor.parallel(Math.ceilDiv(queries.rows(), QUERIES), block -> {
            float[][] scores = new float[QUERIES][tiles.length * TILE];
            int first = block * QUERIES;
            int count = Math.min(QUERIES, queries.rows() - first);
            float[][] group = new float[QUERIES][queries.columns()];
            for (int i = 0; i < QUERIES; i++) {
                copyUnit(queries, first + Math.min(i, count - 1), queryScales, group[i]);
            }
            for (int tile = 0; tile < tiles.length; tile++) {
                score(group, tiles[tile], scores, tile * TILE);
            }
            for (int i = 0; i < count; i++) {
                ranks[first + i] = rank(scores[i], candidates.rows(), answers[first + i]);
            }
        });
        return new Ranks(ranks);
    }

    private static int rank(float[] scores, int candidates, int[] answers) {
        int best = answers[0];
        for (int answer : answers) {
            if (scores[answer] > scores[best] || scores[answer] == scores[best] && answer < best) {
                best = answer;
            }
        }
        int before = 0;
        for (int candidate = 0; candidate < candidates; candidate++) {
            if (scores[candidate] > scores[best] || scores[candidate] == scores[best] && candidate < best) {
                before++;
            }
        }
        return before;
    }

    private static void score(float[][] queries, float[][] tile, float[][] scores, int offset) {
        float[] sum0 = new float[TILE];
        float[] sum1 = new float[TILE];
        float[] sum2 = new float[TILE];
        float[] sum3 = new float[TILE];
        for (int d = 0; d < queries[0].length; d++) {
            axpy(queries[0][d], queries[1][d], queries[2][d], queries[3][d], tile[d], sum0, sum1, sum2, sum3);
        }
        System.arraycopy(sum0, 0, scores[0], offset, TILE);
        System.arraycopy(sum1, 0, scores[1], offset, TILE);
        System.arraycopy(sum2, 0, scores[2], offset, TILE);
        System.arraycopy(sum3, 0, scores[3], offset, TILE);
    }

    private static void axpy(
            float q0,
            float q1,
            float q2,
            float q3,
            float[] candidates,
            float[] sum0,
            float[] sum1,
            float[] sum2,
            float[] sum3) {
        for (int i = 0; i < TILE; i++) {
            float value = candidates[i];
            sum0[i] += q0 * value;
            sum1[i] += q1 * value;
            sum2[i] += q2 * value;
            sum3[i] += q3 * value;
        }
    }

    /**
     * Tiles {@code [ceil(C / TILE)][E][TILE]}, the last one filled up with zeros. Every row is an array of its own, since
     * the compiler vectorizes a loop over arrays only when all are read at the same index.
     */
    private static float[][][] transpose(FloatMatrix candidates, float[] scales) {
        int width = candidates.columns();
        float[][][] tiles = new float[Math.ceilDiv(candidates.rows(), TILE)][width][TILE];
        float[] unit = new float[width];
        for (int candidate = 0; candidate < candidates.rows(); candidate++) {
            copyUnit(candidates, candidate, scales, unit);
            float[][] tile = tiles[candidate / TILE];
            for (int d = 0; d < width; d++) {
                tile[d][candidate % TILE] = unit[d];
            }
        }
        return tiles;
    }

    private static void requireOneWidth(FloatMatrix queries, FloatMatrix candidates) {
        if (queries.rows() == 0 || candidates.rows() == 0) {
            throw new IllegalArgumentException("Retrieval needs at least one query and one candidate, found %d and %d."
                    .formatted(queries.rows(), candidates.rows()));
        }
        if (queries.columns() != candidates.columns()) {
            throw new IllegalArgumentException("Embeddings must have one width, found %d and %d."
                    .formatted(queries.columns(), candidates.columns()));
        }
    }

    /** What makes the length of each vector 1. */
    private static float[] scales(FloatMatrix vectors, String role) {
        float[] scales = new float[vectors.rows()];
        for (int i = 0; i < scales.length; i++) {
            double squares = FloatMatrix.squares(vectors.row(i));
            if (!Double.isFinite(squares)) {
                throw new IllegalArgumentException(
                        "The embedding of %s %d is not finite; the model that made it is broken.".formatted(role, i));
            }
            scales[i] = (float) (1 / Math.max(Math.sqrt(squares), 1e-12));
        }
        return scales;
    }

    private static void copyUnit(FloatMatrix vectors, int row, float[] scales, float[] unit) {
        vectors.copyRow(row, unit);
        for (int d = 0; d < unit.length; d++) {
            unit[d] *= scales[row];
        }
    }
}
