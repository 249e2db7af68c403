package io.llm2clip.demo;

import io.llm2clip.evaluation.Bootstrap;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Everything the demo measured; its table, its JSON and its report are made from this.
 *
 * @param captionRetrievalAccuracy before and after stage 1 by pairing ("longLong", "shortLong"), among the held-out images
 * @param retrieval by query set ("long", "short", "longOtherWords", "shortOtherWords"), then by arm ("llm2clip", "clip", ...)
 * @param evaluated LLM2CLIP's recall as {@code eval} counts it on the same folder: among all captions of all images
 * @param differences by query set: R@10 of LLM2CLIP minus an arm's, with a bootstrap interval over images
 * @param chance R@1, R@5, R@10 of guessing
 * @param compute operations of training each arm, and its steps
 * @param curves loss of every step, by phase
 * @param model directory of the trained model
 * @param report file of the report
 * @param example something to try the model on
 */
public record DemoResult(
        long seed,
        boolean quick,
        Data data,
        Map<String, CaptionRetrieval.Change> captionRetrievalAccuracy,
        Map<String, Map<String, BothWays>> retrieval,
        BothWays evaluated,
        Map<String, Map<String, Bootstrap.Interval>> differences,
        Recall chance,
        Map<String, Compute> compute,
        List<Phase> phases,
        Map<String, List<Float>> curves,
        String model,
        String report,
        DemoExample example) {

    /** Caption retrieval accuracy of two long captions before and after stage 1, which every data set of the demo has. */
    public CaptionRetrieval.Change longCaptions() {
        return Objects.requireNonNull(captionRetrievalAccuracy.get(CaptionRetrieval.LONG_LONG));
    }

    /** Recall by arm of a query set that was measured. */
    Map<String, BothWays> recalls(String querySet) {
        return Objects.requireNonNull(retrieval.get(querySet), querySet);
    }

    /** Differences by arm of a query set that was measured. */
    Map<String, Bootstrap.Interval> differencesOf(String querySet) {
        return Objects.requireNonNull(differences.get(querySet), querySet);
    }

    /** Images the demo trained on and measured with. */
    public record Data(int trainImages, int testImages) {}

    /** What training an arm took. */
    public record Compute(int steps, long flops) {}

    /** Duration and memory of a phase; peak of engine memory and heap in use. */
    public record Phase(String name, double seconds, long peakBytes) {}
}
