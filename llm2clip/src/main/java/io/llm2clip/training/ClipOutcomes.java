package io.llm2clip.training;

import io.llm2clip.evaluation.Bootstrap;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.training.run.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.apache.commons.math3.stat.StatUtils;

/**
 * What stage 2 came to, as a run records it.
 *
 * @param retrieval by what embedded the captions
 * @param baseline another model's, beside each; without one the text tower, if there is one, is the baseline of the others
 * @param imageOf the image of every caption
 * @param bootstrap of the differences
 */
record ClipOutcomes(
        Map<CaptionsBy, RetrievalMetrics> retrieval,
        Optional<ClipBaseline.Found> baseline,
        int[] imageOf,
        Bootstrap bootstrap) {
    private static final List<Integer> CUT_OFFS = List.of(1, 10);

    /** Both directions at each cut-off. */
    List<Outcome> all() {
        List<Outcome> outcomes = new ArrayList<>();
        retrieval.forEach((by, metrics) -> {
            for (int k : CUT_OFFS) {
                outcomes.add(outcome(
                        "R@%d, text to image".formatted(k),
                        by,
                        k,
                        metrics,
                        each -> each.captionHitsByImage(k, imageOf)));
                outcomes.add(outcome(
                        "R@%d, image to text".formatted(k),
                        by,
                        k,
                        metrics,
                        each -> each.textRetrieval().hits(k)));
            }
        });
        return outcomes;
    }

    /** @param hits of each image, of which the figure is the mean */
    private Outcome outcome(
            String name, CaptionsBy by, int k, RetrievalMetrics metrics, Function<RetrievalMetrics, double[]> hits) {
        double[] ours = hits.apply(metrics);
        return new Outcome(
                retrieval.size() == 1 ? name : name + ", " + by.text(),
                StatUtils.mean(ours),
                OptionalDouble.empty(),
                Optional.empty(),
                baseline(by).map(other -> {
                    double[] theirs = hits.apply(other.metrics());
                    return new Outcome.Baseline(
                            other.name(),
                            StatUtils.mean(theirs),
                            Optional.of(bootstrap.pairedDifference(ours, theirs)));
                }),
                Recall.byChance(k, ours.length));
    }

    private record Other(String name, RetrievalMetrics metrics) {}

    private Optional<Other> baseline(CaptionsBy by) {
        if (baseline.isPresent()) {
            return baseline.map(found -> new Other(found.name(), found.metrics()));
        }
        return by == CaptionsBy.TEXT_TOWER
                ? Optional.empty()
                : Optional.ofNullable(retrieval.get(CaptionsBy.TEXT_TOWER))
                        .map(metrics -> new Other(CaptionsBy.TEXT_TOWER.text(), metrics));
    }
}
