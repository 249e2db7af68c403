package io.llm2clip.training;

import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.training.run.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/** What stage 2 came to, as a run records it. */
final class ClipOutcomes {
    private record Figure(String name, ToDoubleFunction<BothWays> of, ToDoubleFunction<Recall> chance) {}

    private static final List<Figure> FIGURES = List.of(
            new Figure("R@1, text to image", ways -> ways.textToImage().r1(), Recall::r1),
            new Figure("R@1, image to text", ways -> ways.imageToText().r1(), Recall::r1),
            new Figure("R@10, text to image", ways -> ways.textToImage().r10(), Recall::r10),
            new Figure("R@10, image to text", ways -> ways.imageToText().r10(), Recall::r10));

    private ClipOutcomes() {}

    /**
     * All figures.
     *
     * @param retrieval by what embedded the captions
     * @param baseline another model's, beside each
     */
    static List<Outcome> of(Map<CaptionsBy, RetrievalMetrics> retrieval, Optional<ClipBaseline.Found> baseline) {
        List<Outcome> outcomes = new ArrayList<>();
        retrieval.forEach((captionsBy, metrics) -> {
            String by = retrieval.size() == 1 ? "" : ", " + captionsBy.text();
            BothWays recall = BothWays.of(metrics);
            Recall chance = Recall.byChance(metrics.textRetrieval().size());
            for (Figure figure : FIGURES) {
                outcomes.add(new Outcome(
                        figure.name + by,
                        figure.of.applyAsDouble(recall),
                        OptionalDouble.empty(),
                        Optional.empty(),
                        baseline.map(other -> new Outcome.Baseline(
                                other.name(), figure.of.applyAsDouble(BothWays.of(other.metrics())))),
                        figure.chance.applyAsDouble(chance)));
            }
        });
        return outcomes;
    }
}
