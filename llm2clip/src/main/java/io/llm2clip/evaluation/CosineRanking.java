package io.llm2clip.evaluation;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Ranks of right answers by cosine. Scores are computed for four queries against a tile of candidates at a time, with
 * candidates transposed so that the innermost loop runs over them and vectorises; every score is summed in the order of
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
    static Ranks ranks(float[][] queries, float[][] candidates, int[][] answers) {
        int width = width(queries, candidates);
        float[][] unitQueries = normalize(queries, "query");
        float[][][] tiles = transpose(normalize(candidates, "candidate"), width);
        int[] ranks = new int[queries.length];
        IntStream.range(0, (queries.length + QUERIES - 1) / QUERIES).parallel().forEach(block -> {
            float[][] scores = new float[QUERIES][tiles.length * TILE];
            int first = block * QUERIES;
            int count = Math.min(QUERIES, queries.length - first);
            float[][] group = new float[QUERIES][];
            Arrays.setAll(group, i -> unitQueries[first + Math.min(i, count - 1)]);
            for (int tile = 0; tile < tiles.length; tile++) {
                score(group, tiles[tile], scores, tile * TILE);
            }
            for (int i = 0; i < count; i++) {
                ranks[first + i] = rank(scores[i], candidates.length, answers[first + i]);
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
     * the compiler vectorises a loop over arrays only when all are read at the same index.
     */
    private static float[][][] transpose(float[][] candidates, int width) {
        float[][][] tiles = new float[(candidates.length + TILE - 1) / TILE][width][TILE];
        for (int candidate = 0; candidate < candidates.length; candidate++) {
            float[][] tile = tiles[candidate / TILE];
            for (int d = 0; d < width; d++) {
                tile[d][candidate % TILE] = candidates[candidate][d];
            }
        }
        return tiles;
    }

    private static int width(float[][] queries, float[][] candidates) {
        if (queries.length == 0 || candidates.length == 0) {
            throw new IllegalArgumentException("Retrieval needs at least one query and one candidate, found %d and %d."
                    .formatted(queries.length, candidates.length));
        }
        int width = queries[0].length;
        for (float[][] set : new float[][][] {queries, candidates}) {
            for (float[] vector : set) {
                if (vector.length != width) {
                    throw new IllegalArgumentException(
                            "Embeddings must have one width, found %d and %d.".formatted(width, vector.length));
                }
            }
        }
        return width;
    }

    private static float[][] normalize(float[][] vectors, String role) {
        float[][] units = new float[vectors.length][];
        for (int i = 0; i < vectors.length; i++) {
            double squares = 0;
            for (float value : vectors[i]) {
                squares += (double) value * value;
            }
            if (!Double.isFinite(squares)) {
                throw new IllegalArgumentException(
                        "The embedding of %s %d is not finite; the model that made it is broken.".formatted(role, i));
            }
            float scale = (float) (1 / Math.max(Math.sqrt(squares), 1e-12));
            units[i] = new float[vectors[i].length];
            for (int d = 0; d < units[i].length; d++) {
                units[i][d] = vectors[i][d] * scale;
            }
        }
        return units;
    }
}
