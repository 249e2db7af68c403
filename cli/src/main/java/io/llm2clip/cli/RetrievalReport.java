package io.llm2clip.cli;

import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;

/**
 * Recall in both directions, in the form that is printed.
 *
 * @param imageToText the first caption of an image among all captions
 * @param textToImage the image of a caption among all images
 * @param chance what guessing has, at most
 */
record RetrievalReport(Recall imageToText, Recall textToImage, Recall chance) {
    static RetrievalReport of(RetrievalMetrics metrics) {
        return of(BothWays.of(metrics), Recall.byChance(metrics.textRetrieval().size()));
    }

    static RetrievalReport of(BothWays recall, Recall chance) {
        return new RetrievalReport(recall.imageToText(), recall.textToImage(), chance);
    }

    /** Percentages, one line per direction. */
    String table() {
        return new BothWays(imageToText, textToImage).table(chance);
    }
}
