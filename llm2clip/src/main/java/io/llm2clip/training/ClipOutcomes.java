package io.llm2clip.training;

import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.training.run.Outcome;
import java.util.List;

/** What stage 2 came to, as a run records it. */
final class ClipOutcomes {
    private ClipOutcomes() {}

    static List<Outcome> of(RetrievalMetrics retrieval) {
        BothWays recall = BothWays.of(retrieval);
        Recall chance = Recall.byChance(retrieval.textRetrieval().size());
        return List.of(
                new Outcome("R@1, text to image", recall.textToImage().r1(), chance.r1()),
                new Outcome("R@1, image to text", recall.imageToText().r1(), chance.r1()),
                new Outcome("R@10, text to image", recall.textToImage().r10(), chance.r10()),
                new Outcome("R@10, image to text", recall.imageToText().r10(), chance.r10()));
    }
}
