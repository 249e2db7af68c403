package io.llm2clip.cli;

import io.llm2clip.evaluation.Ranks;
import io.llm2clip.evaluation.RetrievalMetrics;
import java.util.Locale;

/**
 * Recall in both directions, in the form that is printed.
 *
 * @param imageToText the first caption of an image among all captions
 * @param textToImage the image of a caption among all images
 * @param chance what guessing has, at most
 */
record RetrievalReport(Recall imageToText, Recall textToImage, Recall chance) {
    /** Fractions of queries whose match is among the first 1, 5, 10 answers. */
    record Recall(double r1, double r5, double r10) {
        static Recall of(Ranks ranks) {
            return new Recall(ranks.recall(1), ranks.recall(5), ranks.recall(10));
        }

        static Recall byChance(int images) {
            return new Recall(Math.min(1, 1.0 / images), Math.min(1, 5.0 / images), Math.min(1, 10.0 / images));
        }
    }

    static RetrievalReport of(RetrievalMetrics metrics) {
        return new RetrievalReport(
                Recall.of(metrics.textRetrieval()),
                Recall.of(metrics.imageRetrieval()),
                Recall.byChance(metrics.textRetrieval().size()));
    }

    /** Percentages, one line per direction. */
    String table() {
        return "                  R@1    R@5   R@10\n" + line("image to text", imageToText) + "\n"
                + line("text to image", textToImage) + "\n" + line("chance", chance);
    }

    private static String line(String name, Recall recall) {
        return String.format(
                Locale.ROOT, "%-14s %6.1f %6.1f %6.1f", name, 100 * recall.r1, 100 * recall.r5, 100 * recall.r10);
    }
}
