package io.llm2clip.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.FloatMatrix;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RetrievalMetricsTest {
    private static float[][] random(int count, int width, Random random) {
        float[][] vectors = new float[count][width];
        for (float[] vector : vectors) {
            for (int d = 0; d < width; d++) {
                // A coarse grid makes exact ties frequent.
                vector[d] = random.nextInt(5) - 2;
            }
        }
        return vectors;
    }

    @Test
    void aHandComputedExample() {
        float[][] images = {{1, 0}, {0, 1}};
        float[][] captions = {{2, 1}, {1, 3}, {3, 1}};
        // Caption 2 belongs to image 1 but looks like image 0.
        RetrievalMetrics metrics = RetrievalMetrics.of(images, captions, new int[] {0, 1, 1});
        assertThat(metrics.imageRetrieval().ranks()).containsExactly(0, 0, 1);
        // Image 0 scores 0.894, 0.316, 0.949: its caption 0 comes second. Image 1's caption 1 comes first.
        assertThat(metrics.textRetrieval().ranks()).containsExactly(1, 0);
        assertThat(metrics.toMap())
                .containsEntry("image_retrieval_recall@1", 2 / 3.0)
                .containsEntry("text_retrieval_recall@1", 0.5)
                .containsEntry("text_retrieval_recall@5", 1.0)
                .hasSize(10);
    }

    @Test
    void tiesGoToTheLowestIndex() {
        float[][] same = {{1, 1}, {1, 1}, {1, 1}};
        RetrievalMetrics metrics = RetrievalMetrics.diagonal(same, same);
        assertThat(metrics.imageRetrieval().ranks()).containsExactly(0, 1, 2);
        assertThat(metrics.textRetrieval().recall(1)).isEqualTo(1 / 3.0);
    }

    /** The definition, spelled out: sort all candidates by score, then index. */
    private static int[] slowRanks(float[][] queries, float[][] candidates, int[][] answers) {
        int[] ranks = new int[queries.length];
        for (int q = 0; q < queries.length; q++) {
            double[] scores = new double[candidates.length];
            for (int c = 0; c < candidates.length; c++) {
                double dot = 0;
                double norm = 0;
                for (int d = 0; d < queries[q].length; d++) {
                    dot += queries[q][d] * candidates[c][d];
                    norm += candidates[c][d] * candidates[c][d];
                }
                // Rounded, since equal cosines of different vectors differ in the last bits.
                scores[c] = Math.rint(1e5 * dot / Math.max(Math.sqrt(norm), 1e-12));
            }
            var order = IntStream.range(0, candidates.length)
                    .boxed()
                    .sorted((a, b) -> scores[a] != scores[b] ? Double.compare(scores[b], scores[a]) : a - b)
                    .toList();
            ranks[q] = Arrays.stream(answers[q]).map(order::indexOf).min().orElseThrow();
        }
        return ranks;
    }

    @Property(tries = 50)
    void agreesWithTheDefinition(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 600) int count,
            @ForAll @IntRange(min = 1, max = 9) int width) {
        var random = new Random(seed);
        float[][] images = continuous(count, width + 2, random);
        float[][] captions = continuous(count, width + 2, random);
        int[][] diagonal =
                IntStream.range(0, count).mapToObj(i -> new int[] {i}).toArray(int[][]::new);
        int[] slow = slowRanks(captions, images, diagonal);
        int[] fast =
                RetrievalMetrics.diagonal(images, captions).imageRetrieval().ranks();
        // Rounding in the slow version may swap near ties.
        for (int i = 0; i < count; i++) {
            assertThat(fast[i]).isBetween(slow[i] - 2, slow[i] + 2);
        }
    }

    private static float[][] continuous(int count, int width, Random random) {
        float[][] vectors = new float[count][width];
        for (float[] vector : vectors) {
            for (int d = 0; d < width; d++) {
                vector[d] = (float) random.nextGaussian();
            }
        }
        return vectors;
    }

    @Property(tries = 50)
    void recallGrowsWithKAndReachesOne(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int images) {
        var random = new Random(seed);
        int[] imageOf = IntStream.range(0, 2 * images).map(i -> i % images).toArray();
        RetrievalMetrics metrics =
                RetrievalMetrics.of(random(images, 4, random), random(2 * images, 4, random), imageOf);
        for (Ranks ranks : new Ranks[] {metrics.imageRetrieval(), metrics.textRetrieval()}) {
            for (int k = 1; k < 2 * images; k++) {
                assertThat(ranks.recall(k + 1)).isGreaterThanOrEqualTo(ranks.recall(k));
            }
            assertThat(ranks.recall(2 * images)).isEqualTo(1);
        }
    }

    @Property(tries = 50)
    void orderOfImagesDoesNotMatterWithoutTies(@ForAll long seed, @ForAll @IntRange(min = 2, max = 40) int count) {
        var random = new Random(seed);
        float[][] images = continuous(count, 6, random);
        float[][] captions = continuous(count, 6, random);
        Integer[] order = IntStream.range(0, count).boxed().toArray(Integer[]::new);
        java.util.Collections.shuffle(Arrays.asList(order), random);
        float[][] movedImages = Arrays.stream(order).map(i -> images[i]).toArray(float[][]::new);
        float[][] movedCaptions = Arrays.stream(order).map(i -> captions[i]).toArray(float[][]::new);
        int[] before =
                RetrievalMetrics.diagonal(images, captions).textRetrieval().ranks();
        int[] after = RetrievalMetrics.diagonal(movedImages, movedCaptions)
                .textRetrieval()
                .ranks();
        assertThat(after)
                .isEqualTo(Arrays.stream(order).mapToInt(i -> before[i]).toArray());
    }

    @Property(tries = 30)
    void lengthDoesNotMatter(@ForAll long seed) {
        var random = new Random(seed);
        float[][] a = continuous(20, 5, random);
        float[][] b = continuous(20, 5, random);
        float[][] doubled = Arrays.stream(b).map(float[]::clone).toArray(float[][]::new);
        for (float[] vector : doubled) {
            for (int d = 0; d < vector.length; d++) {
                vector[d] *= 4;
            }
        }
        assertThat(RetrievalMetrics.captionRetrievalAccuracy(FloatMatrix.of(a), FloatMatrix.of(doubled)))
                .isEqualTo(RetrievalMetrics.captionRetrievalAccuracy(FloatMatrix.of(a), FloatMatrix.of(b)));
        assertThat(RetrievalMetrics.captionRetrievalAccuracy(FloatMatrix.of(b), FloatMatrix.of(b))
                        .recall(1))
                .isEqualTo(1);
    }

    @Test
    void refusesWhatCannotBeRanked() {
        float[][] one = {{1, 0}};
        assertThatThrownBy(() -> RetrievalMetrics.of(one, one, new int[0]))
                .hasMessage("Each of the 1 captions needs the index of its image, found 0 indices.");
        assertThatThrownBy(() -> RetrievalMetrics.of(one, one, new int[] {1}))
                .hasMessage("Caption 0 belongs to image 1, but there are 1 images.");
        assertThatThrownBy(() -> RetrievalMetrics.of(new float[][] {{1}, {1}}, new float[][] {{1}}, new int[] {0}))
                .hasMessage("Image 1 has no caption; leave it out.");
        assertThatThrownBy(() -> RetrievalMetrics.diagonal(one, new float[][] {{1}}))
                .hasMessage("Embeddings must have one width, found 2 and 1.");
        assertThatThrownBy(() -> RetrievalMetrics.diagonal(one, new float[][] {{Float.NaN, 0}}))
                .hasMessage("The embedding of caption 0 is not finite; the model that made it is broken.");
        float[][] infinite = {{1, 0}, {Float.NEGATIVE_INFINITY, 0}};
        assertThatThrownBy(() -> RetrievalMetrics.diagonal(infinite, infinite))
                .hasMessage("The embedding of image 1 is not finite; the model that made it is broken.");
        assertThatThrownBy(() -> RetrievalMetrics.mutualCaptionAccuracy(
                        FloatMatrix.of(new float[][] {{1}}), FloatMatrix.of(new float[][] {{Float.NaN}})))
                .hasMessage("The embedding of second caption 0 is not finite; the model that made it is broken.");
        assertThatThrownBy(() ->
                        RetrievalMetrics.captionRetrievalAccuracy(FloatMatrix.of(one), FloatMatrix.allocate(2, 2)))
                .hasMessage("Caption pairs need as many first as second captions, found 1 and 2.");
        assertThatThrownBy(() -> RetrievalMetrics.captionRetrievalAccuracy(
                        FloatMatrix.allocate(0, 2), FloatMatrix.allocate(0, 2)))
                .hasMessage("Retrieval needs at least one first caption and one second caption, found 0 and 0.");
        assertThatThrownBy(() ->
                        RetrievalMetrics.captionRetrievalAccuracy(FloatMatrix.of(infinite), FloatMatrix.of(infinite)))
                .hasMessage("The embedding of first caption 1 is not finite; the model that made it is broken.");
        assertThatThrownBy(() -> RetrievalMetrics.diagonal(FloatMatrix.allocate(0, 2), FloatMatrix.allocate(0, 2)))
                .hasMessage("Retrieval needs at least one image and one caption, found 0 and 0.");
        assertThatThrownBy(() -> new Ranks(new int[1]).hits(0)).hasMessage("Recall needs k of at least 1, not 0.");
    }
}
