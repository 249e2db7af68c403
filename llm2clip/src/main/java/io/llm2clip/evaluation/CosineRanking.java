package io.llm2clip.evaluation;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.tensor.machine.Processor;
import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Ranks of right answers by cosine, exact, whatever the number of queries and candidates: a query's best right answer is scored first,
 * then the candidates that come before it are counted, so that no scores are kept. Candidates are taken span by span and copied
 * transposed, in tiles, so that the innermost loop runs over them and vectorizes. Every score is summed in the order of dimensions, so
 * results depend neither on threads nor on tiles.
 */
final class CosineRanking {
    private static final int TILE = 128;
    /** Candidates that are transposed at a time. */
    private static final int SPAN = 64 * TILE;
    /** Queries for which a tile stays in the cache. */
    private static final int BLOCK = 64;

    private static final int QUERIES = 4;
    private static final int ROWS = 1024;

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
        float[] candidateScales = scales(candidates, "candidate");
        int[] best = new int[queries.rows()];
        float[] bestScores = new float[queries.rows()];
        Processor.parallel(Math.ceilDiv(queries.rows(), BLOCK), block -> {
            float[] query = new float[queries.columns()];
            float[] answer = new float[queries.columns()];
            for (int q = block * BLOCK; q < Math.min(queries.rows(), (block + 1) * BLOCK); q++) {
                copyUnit(queries, q, queryScales, query);
                bestScores[q] = Float.NEGATIVE_INFINITY;
                for (int candidate : answers[q]) {
                    copyUnit(candidates, candidate, candidateScales, answer);
                    float score = dot(query, answer);
                    if (score > bestScores[q] || score == bestScores[q] && candidate < best[q]) {
                        best[q] = candidate;
                        bestScores[q] = score;
                    }
                }
            }
        });
        AtomicIntegerArray before = new AtomicIntegerArray(queries.rows());
        int blocks = Math.ceilDiv(queries.rows(), BLOCK);
        for (int first = 0; first < candidates.rows(); first += SPAN) {
            int start = first;
            float[][][] tiles = transpose(candidates, start, candidateScales);
            Processor.parallel(blocks * tiles.length, task -> {
                int tile = task % tiles.length;
                int offset = start + tile * TILE;
                int count = Math.min(TILE, candidates.rows() - offset);
                int firstQuery = task / tiles.length * BLOCK;
                int lastQuery = Math.min(queries.rows(), firstQuery + BLOCK);
                float[][] group = new float[QUERIES][queries.columns()];
                float[][] scores = new float[QUERIES][TILE];
                for (int q = firstQuery; q < lastQuery; q += QUERIES) {
                    int members = Math.min(QUERIES, lastQuery - q);
                    for (int i = 0; i < QUERIES; i++) {
                        copyUnit(queries, q + Math.min(i, members - 1), queryScales, group[i]);
                    }
                    score(group, tiles[tile], scores);
                    for (int i = 0; i < members; i++) {
                        int ahead = ahead(scores[i], count, bestScores[q + i], best[q + i] - offset);
                        if (ahead > 0) {
                            before.addAndGet(q + i, ahead);
                        }
                    }
                }
            });
        }
        int[] ranks = new int[queries.rows()];
        Arrays.setAll(ranks, before::get);
        return new Ranks(ranks);
    }

    /**
     * The candidates that score best for some queries, best first; of equal ones those that come first.
     *
     * @param rows numbers of the queries
     * @param count how many candidates per query, at most
     */
    static List<List<Neighbor>> nearest(FloatMatrix queries, List<Integer> rows, FloatMatrix candidates, int count) {
        requireOneWidth(queries, candidates);
        float[] queryScales = scales(queries, "query");
        float[] candidateScales = scales(candidates, "candidate");
        Neighbor[][] found = new Neighbor[rows.size()][];
        Processor.parallel(rows.size(), i -> {
            float[] query = new float[queries.columns()];
            float[] unit = new float[queries.columns()];
            copyUnit(queries, rows.get(i), queryScales, query);
            PriorityQueue<Neighbor> best = new PriorityQueue<>(Neighbor.BEST_FIRST.reversed());
            for (int candidate = 0; candidate < candidates.rows(); candidate++) {
                copyUnit(candidates, candidate, candidateScales, unit);
                best.add(new Neighbor(candidate, dot(query, unit)));
                if (best.size() > count) {
                    best.remove();
                }
            }
            found[i] = best.stream().sorted(Neighbor.BEST_FIRST).toArray(Neighbor[]::new);
        });
        return Arrays.stream(found).map(List::of).toList();
    }

    /** How many of a tile's candidates come before the answer, whose number in the tile may lie outside of it. */
    private static int ahead(float[] scores, int count, float best, int answer) {
        int ahead = 0;
        for (int i = 0; i < count; i++) {
            if (scores[i] > best || scores[i] == best && i < answer) {
                ahead++;
            }
        }
        return ahead;
    }

    /** Summed as {@link #score} does, with the same rounding. */
    private static float dot(float[] a, float[] b) {
        float sum = 0;
        for (int d = 0; d < a.length; d++) {
            sum += a[d] * b[d];
        }
        return sum;
    }

    private static void score(float[][] queries, float[][] tile, float[][] scores) {
        int width = queries[0].length;
        for (float[] sums : scores) {
            Arrays.fill(sums, 0);
        }
        int d = 0;
        for (; d + 3 < width; d += 4) {
            for (int q = 0; q < QUERIES; q++) {
                float[] query = queries[q];
                four(
                        query[d],
                        query[d + 1],
                        query[d + 2],
                        query[d + 3],
                        tile[d],
                        tile[d + 1],
                        tile[d + 2],
                        tile[d + 3],
                        scores[q]);
            }
        }
        for (; d < width; d++) {
            for (int q = 0; q < QUERIES; q++) {
                one(queries[q][d], tile[d], scores[q]);
            }
        }
    }

    /** Four dimensions of a query, added one after the other, while a sum is in a register. */
    private static void four(
            float q0, float q1, float q2, float q3, float[] c0, float[] c1, float[] c2, float[] c3, float[] sums) {
        for (int i = 0; i < TILE; i++) {
            sums[i] = sums[i] + q0 * c0[i] + q1 * c1[i] + q2 * c2[i] + q3 * c3[i];
        }
    }

    private static void one(float q, float[] candidates, float[] sums) {
        for (int i = 0; i < TILE; i++) {
            sums[i] += q * candidates[i];
        }
    }

    /**
     * Tiles {@code [up to 64][E][TILE]} of the candidates from {@code first} on, the last one filled up with zeros. Every row is an array
     * of its own, since the compiler vectorizes a loop over arrays only when all are read at the same index.
     */
    private static float[][][] transpose(FloatMatrix candidates, int first, float[] scales) {
        int width = candidates.columns();
        float[][][] tiles = new float[Math.ceilDiv(Math.min(SPAN, candidates.rows() - first), TILE)][][];
        Processor.parallel(tiles.length, number -> {
            float[] unit = new float[width];
            float[][] tile = new float[width][TILE];
            int start = first + number * TILE;
            for (int i = 0; i < Math.min(TILE, candidates.rows() - start); i++) {
                copyUnit(candidates, start + i, scales, unit);
                for (int d = 0; d < width; d++) {
                    tile[d][i] = unit[d];
                }
            }
            tiles[number] = tile;
        });
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
        Processor.parallel(Math.ceilDiv(scales.length, ROWS), block -> {
            for (int i = block * ROWS; i < Math.min(scales.length, (block + 1) * ROWS); i++) {
                double squares = FloatMatrix.squares(vectors.row(i));
                scales[i] = Double.isFinite(squares) ? (float) (1 / Math.max(Math.sqrt(squares), 1e-12)) : Float.NaN;
            }
        });
        for (int i = 0; i < scales.length; i++) {
            if (Float.isNaN(scales[i])) {
                throw new InputException(
                        "The embedding of %s %d is not finite; the model that made it is broken.".formatted(role, i));
            }
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
