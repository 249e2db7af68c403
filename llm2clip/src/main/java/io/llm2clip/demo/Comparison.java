package io.llm2clip.demo;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.evaluation.Bootstrap;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Ranks;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.Searches;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Retrieval of every arm on every query set. A set holds columns of captions, one caption per image each; recall is the mean over
 * columns, in each of which an image has exactly one right caption.
 */
final class Comparison {
    private final Map<String, List<List<String>>> querySets;
    private final Map<String, Map<String, BothWays>> recalls = new LinkedHashMap<>();
    private final Map<String, Map<String, double[]>> hits = new LinkedHashMap<>();
    private final Map<String, FloatMatrix> images = new LinkedHashMap<>();
    private final Map<String, Map<String, FloatMatrix>> firstColumns = new LinkedHashMap<>();
    private final Map<String, Map<String, Ranks>> firstRanks = new LinkedHashMap<>();

    /** @param querySets by name; columns of captions, in the images' order */
    Comparison(Map<String, List<List<String>>> querySets) {
        this.querySets = querySets;
    }

    /**
     * Measures an arm.
     *
     * @param imageEmbeddings {@code [N, E]}
     * @param embed gives embeddings {@code [N, E]} of captions
     */
    void add(String arm, FloatMatrix imageEmbeddings, Function<List<String>, FloatMatrix> embed) {
        images.put(arm, imageEmbeddings);
        querySets.forEach((name, columns) -> {
            List<RetrievalMetrics> metrics = new ArrayList<>();
            for (List<String> column : columns) {
                FloatMatrix texts = embed.apply(column);
                firstColumns.computeIfAbsent(arm, _ -> new LinkedHashMap<>()).putIfAbsent(name, texts);
                metrics.add(RetrievalMetrics.diagonal(imageEmbeddings, texts));
            }
            firstRanks
                    .computeIfAbsent(arm, _ -> new LinkedHashMap<>())
                    .put(name, metrics.getFirst().imageRetrieval());
            recalls.computeIfAbsent(name, _ -> new LinkedHashMap<>())
                    .put(
                            arm,
                            new BothWays(
                                    recall(metrics.stream()
                                            .map(RetrievalMetrics::textRetrieval)
                                            .toList()),
                                    recall(metrics.stream()
                                            .map(RetrievalMetrics::imageRetrieval)
                                            .toList())));
            hits.computeIfAbsent(name, _ -> new LinkedHashMap<>())
                    .put(arm, hitsByImage(metrics, imageEmbeddings.rows()));
        });
    }

    Map<String, Map<String, BothWays>> recalls() {
        return recalls;
    }

    FloatMatrix imageEmbeddings(String arm) {
        return Objects.requireNonNull(images.get(arm), arm);
    }

    /** Embeddings of a query set's first column. */
    FloatMatrix queryEmbeddings(String arm, String querySet) {
        return Objects.requireNonNull(
                Objects.requireNonNull(firstColumns.get(arm), arm).get(querySet), querySet);
    }

    /** Searches of LLM2CLIP and of the baseline by a query set's first column. */
    Searches searches(String querySet) {
        return Searches.compared(searches(Arm.LLM2CLIP, querySet), searches(Arm.CLIP, querySet));
    }

    private Searches.Model searches(String arm, String querySet) {
        return new Searches.Model(
                queryEmbeddings(arm, querySet),
                imageEmbeddings(arm),
                Objects.requireNonNull(
                        Objects.requireNonNull(firstRanks.get(arm), arm).get(querySet), querySet));
    }

    /** R@10 of LLM2CLIP minus that of every other arm, with bootstrap intervals over images. */
    Map<String, Map<String, Bootstrap.Interval>> differences(long seed) {
        Map<String, Map<String, Bootstrap.Interval>> differences = new LinkedHashMap<>();
        hits.forEach((name, arms) -> {
            Map<String, Bootstrap.Interval> against = new LinkedHashMap<>();
            double[] ours = Objects.requireNonNull(arms.get(Arm.LLM2CLIP), "LLM2CLIP is compared first");
            arms.forEach((arm, other) -> {
                if (!arm.equals(Arm.LLM2CLIP)) {
                    against.put(arm, Bootstrap.standard(seed).pairedDifference(ours, other));
                }
            });
            differences.put(name, against);
        });
        return differences;
    }

    private static Recall recall(List<Ranks> columns) {
        return new Recall(mean(columns, 1), mean(columns, 5), mean(columns, 10));
    }

    private static double mean(List<Ranks> columns, int k) {
        return columns.stream().mapToDouble(ranks -> ranks.recall(k)).average().orElseThrow();
    }

    /** The share of an image's queries, of all columns and both directions, that hit among the first ten. */
    private static double[] hitsByImage(List<RetrievalMetrics> columns, int count) {
        int[] imageOf = IntStream.range(0, count).toArray();
        double[] hits = new double[count];
        for (RetrievalMetrics metrics : columns) {
            double[] found = metrics.hitsByImage(10, imageOf);
            for (int i = 0; i < count; i++) {
                hits[i] += found[i] / columns.size();
            }
        }
        return hits;
    }
}
