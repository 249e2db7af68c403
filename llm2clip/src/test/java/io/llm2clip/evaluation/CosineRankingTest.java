package io.llm2clip.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.data.FloatMatrix;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Ranks and the nearest candidates against plain sums in double precision, rounded to f32, and a count of what comes before. */
class CosineRankingTest {
    /** The definition. There is one 0 only. */
    private static float[] cosines(FloatMatrix queries, int query, FloatMatrix candidates) {
        float[] cosines = new float[candidates.rows()];
        for (int c = 0; c < cosines.length; c++) {
            double dot = 0;
            double squares = 0;
            double others = 0;
            for (int d = 0; d < queries.columns(); d++) {
                double a = queries.get(query, d);
                double b = candidates.get(c, d);
                dot += a * b;
                squares += a * a;
                others += b * b;
            }
            cosines[c] =
                    (float) (dot * (1 / Math.max(Math.sqrt(squares), 1e-12) * (1 / Math.max(Math.sqrt(others), 1e-12))))
                            + 0f;
        }
        return cosines;
    }

    private static int rank(float[] cosines, int[] answers) {
        int best = Arrays.stream(answers)
                .boxed()
                .min((a, b) -> cosines[a] != cosines[b] ? Float.compare(cosines[b], cosines[a]) : a - b)
                .orElseThrow();
        return (int) IntStream.range(0, cosines.length)
                .filter(c -> cosines[c] > cosines[best] || cosines[c] == cosines[best] && c < best)
                .count();
    }

    private static void requireRanks(FloatMatrix queries, FloatMatrix candidates, int[][] answers, Ranks found) {
        for (int q = 0; q < queries.rows(); q++) {
            assertThat(found.ranks()[q]).as("query %d", q).isEqualTo(rank(cosines(queries, q, candidates), answers[q]));
        }
    }

    private static void requireNearest(FloatMatrix queries, FloatMatrix candidates, int count) {
        List<Integer> rows = IntStream.range(0, queries.rows())
                .map(q -> queries.rows() - 1 - q)
                .boxed()
                .toList();
        List<List<Neighbor>> nearest = NearestCandidates.of(queries, rows, candidates, count);
        for (int i = 0; i < rows.size(); i++) {
            float[] cosines = cosines(queries, rows.get(i), candidates);
            assertThat(nearest.get(i))
                    .isEqualTo(IntStream.range(0, cosines.length)
                            .boxed()
                            .sorted((a, b) -> cosines[a] != cosines[b] ? Float.compare(cosines[b], cosines[a]) : a - b)
                            .limit(count)
                            .map(c -> new Neighbor(c, cosines[c]))
                            .toList());
        }
    }

    private static FloatMatrix matrix(int count, int width, IntToDoubleFunction value) {
        FloatMatrix matrix = FloatMatrix.allocate(count, width);
        for (int i = 0; i < count * width; i++) {
            matrix.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value.applyAsDouble(i));
        }
        return matrix;
    }

    private static int[][] answers(int count, int others, Random random) {
        int[][] answers = new int[count][];
        Arrays.setAll(
                answers, _ -> random.ints(1 + random.nextInt(3), 0, others).toArray());
        return answers;
    }

    /** Checks both ways, each of which is also what it is alone. */
    private static void check(FloatMatrix first, FloatMatrix second, Random random) {
        int[][] ofFirst = answers(first.rows(), second.rows(), random);
        int[][] ofSecond = answers(second.rows(), first.rows(), random);
        List<Ranks> ranks = CosineRanking.bothWays(first, second, ofFirst, ofSecond, List.of("image", "caption"));
        requireRanks(first, second, ofFirst, ranks.getFirst());
        requireRanks(second, first, ofSecond, ranks.getLast());
        assertThat(CosineRanking.ranks(second, first, ofSecond, List.of("caption", "image")))
                .isEqualTo(ranks.getLast());
        requireNearest(first, second, 1 + random.nextInt(7));
    }

    /** A coarse grid, on which most cosines are tied with others, and vectors of zeros are frequent. */
    @Property(tries = 25)
    void tiedOnes(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 300) int count,
            @ForAll @IntRange(min = 1, max = 2100) int others,
            @ForAll @IntRange(min = 1, max = 9) int width) {
        var random = new Random(seed);
        check(
                matrix(count, width, _ -> random.nextInt(5) - 2),
                matrix(others, width, _ -> random.nextInt(5) - 2),
                random);
    }

    /** Of any width, and lengths from the least to the greatest. */
    @Property(tries = 25)
    void anyVectors(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 150) int count,
            @ForAll @IntRange(min = 1, max = 400) int others,
            @ForAll @IntRange(min = 1, max = 900) int width) {
        var random = new Random(seed);
        double[] lengths = {1, 1e-20, 1e37, 1e-42, 3e3};
        IntToDoubleFunction value = i -> random.nextGaussian() * lengths[i / width % lengths.length] / 9;
        check(matrix(count, width, value), matrix(others, width, value), random);
    }

    /** All so near to each other that f32 tells few of them apart, and inner products none; whole numbers, whose sums are exact. */
    @Property(tries = 10)
    void collapsedOnes(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 60) int count,
            @ForAll @IntRange(min = 1, max = 300) int others,
            @ForAll @IntRange(min = 200, max = 800) int width) {
        var random = new Random(seed);
        int[] center = random.ints(width, -3000, 3000).toArray();
        IntToDoubleFunction value = i -> center[i % width] + (random.nextInt(40) == 0 ? 1 : 0);
        check(matrix(count, width, value), matrix(others, width, value), random);
    }

    @Example
    void widthsOfNothing() {
        check(FloatMatrix.allocate(3, 0), FloatMatrix.allocate(5, 0), new Random(1));
    }

    /** As many cosines would be an array of 400 MB; they are counted instead. */
    @Example
    void aMillionCandidates() {
        int count = 1_000_000;
        var random = new Random(3);
        FloatMatrix candidates = matrix(count, 3, _ -> random.nextGaussian());
        int[][] answers = new int[100][1];
        FloatMatrix queries = FloatMatrix.allocate(answers.length, 3);
        for (int q = 0; q < answers.length; q++) {
            answers[q][0] = 9973 * q;
            queries.accept(q, candidates.row(9973 * q + 1));
        }
        int[] ranks = CosineRanking.ranks(queries, candidates, answers, List.of("query", "candidate"))
                .ranks();
        for (int q : new int[] {0, 57, 99}) {
            assertThat(ranks[q]).isEqualTo(rank(cosines(queries, q, candidates), answers[q]));
        }
        requireNearest(queries.slice(0, 3), candidates, 5);
    }
}
