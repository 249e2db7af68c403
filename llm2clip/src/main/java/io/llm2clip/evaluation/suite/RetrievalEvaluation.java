package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.progress.Progress;

/**
 * How well a model finds images by their captions, and captions by images.
 *
 * <pre>{@code
 * RetrievalSet photos = RetrievalSet.of(CaptionedImages.open(Path.of("photos")));
 * Measurement.Retrieval found = RetrievalEvaluation.of(model, photos, Progress.NONE);
 * double recall = found.recall().textToImage().r10();
 * }</pre>
 */
public final class RetrievalEvaluation {
    private RetrievalEvaluation() {}

    /**
     * Measures a model.
     *
     * @throws InputException if most images cannot be read
     */
    public static Measurement.Retrieval of(Llm2Clip model, RetrievalSet set, Progress progress) {
        try (RetrievalTrial trial = new RetrievalTrial(set)) {
            trial.add("this model", model, progress);
            return (Measurement.Retrieval) trial.findings().measurement();
        }
    }
}
