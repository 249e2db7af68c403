package io.llm2clip.training;

import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.training.run.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What stage 2 came to, as a run records it. */
final class ClipOutcomes {
    private ClipOutcomes() {}

    /** @param retrieval by what embedded the captions */
    static List<Outcome> of(Map<CaptionsBy, RetrievalMetrics> retrieval) {
        List<Outcome> outcomes = new ArrayList<>();
        retrieval.forEach((captionsBy, metrics) -> {
            String by = retrieval.size() == 1 ? "" : ", " + captionsBy.text();
            BothWays recall = BothWays.of(metrics);
            Recall chance = Recall.byChance(metrics.textRetrieval().size());
            outcomes.add(
                    new Outcome("R@1, text to image" + by, recall.textToImage().r1(), chance.r1()));
            outcomes.add(
                    new Outcome("R@1, image to text" + by, recall.imageToText().r1(), chance.r1()));
            outcomes.add(
                    new Outcome("R@10, text to image" + by, recall.textToImage().r10(), chance.r10()));
            outcomes.add(
                    new Outcome("R@10, image to text" + by, recall.imageToText().r10(), chance.r10()));
        });
        return outcomes;
    }
}
