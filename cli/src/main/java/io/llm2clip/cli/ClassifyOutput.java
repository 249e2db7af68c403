package io.llm2clip.cli;

import io.llm2clip.model.Probabilities;
import io.llm2clip.progress.Quantity;
import io.llm2clip.zeroshot.ClassificationAccuracy;
import io.llm2clip.zeroshot.ClassificationAccuracy.Confusion;
import io.llm2clip.zeroshot.ZeroShotClassifier.Score;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How classified images are printed. */
interface ClassifyOutput {
    /** Mistakes that are listed. */
    int CONFUSIONS = 10;

    /** Labels from which on it means something that the right one is among five. */
    int ENOUGH_FOR_FIVE = 6;

    /**
     * Prints an image.
     *
     * @param truth the right label, if it is known
     * @param scores of all labels, best first
     */
    void image(String image, @Nullable String truth, List<Score> scores);

    /** An image cannot be read; standard error has it already. */
    default void skipped(String image, String reason) {}

    /** @param labels how many there are to choose from */
    void accuracy(ClassificationAccuracy accuracy, int labels);

    /**
     * Prints as a terminal's options say.
     *
     * @param top labels printed of each image
     * @param probabilities that are printed
     * @param precision in which they were computed
     */
    static ClassifyOutput of(Terminal terminal, boolean tsv, int top, Probabilities probabilities, String precision) {
        if (terminal.json()) {
            return new JsonLines(terminal, top, probabilities.kind(), precision);
        }
        return tsv ? new TabSeparated(terminal, top) : new Text(terminal, top);
    }

    /** For people. */
    record Text(Terminal terminal, int top) implements ClassifyOutput {
        @Override
        public void image(String image, @Nullable String truth, List<Score> scores) {
            terminal.print(LineFormat.escape(image));
            scores.stream()
                    .limit(top)
                    .forEach(score -> terminal.print(String.format(
                            Locale.ROOT,
                            "  %s  %6.3f  %s%s",
                            Percent.text(score.probability(), 5),
                            score.cosine(),
                            LineFormat.escape(score.label().name()),
                            score.label().name().equals(truth) ? "  (its folder)" : "")));
        }

        @Override
        public void accuracy(ClassificationAccuracy accuracy, int labels) {
            terminal.print("");
            accuracyText(accuracy, labels).forEach(terminal::print);
        }
    }

    /** A line per image and label; accuracy is told on standard error, so that lines are all alike. */
    record TabSeparated(Terminal terminal, int top) implements ClassifyOutput {
        @Override
        public void image(String image, @Nullable String truth, List<Score> scores) {
            for (int rank = 0; rank < Math.min(top, scores.size()); rank++) {
                Score score = scores.get(rank);
                terminal.print("%s\t%d\t%s\t%s\t%s"
                        .formatted(
                                LineFormat.escape(image),
                                rank + 1,
                                LineFormat.escape(score.label().name()),
                                score.probability(),
                                score.cosine()));
            }
        }

        @Override
        public void accuracy(ClassificationAccuracy accuracy, int labels) {
            accuracyText(accuracy, labels).forEach(terminal::remark);
        }
    }

    /** An object per image, and one for the accuracy. */
    record JsonLines(Terminal terminal, int top, String probabilities, String precision) implements ClassifyOutput {
        private record Scored(String label, double probability, float cosine) {}

        /** The fractions are null where there is no image. */
        private record Accuracy(
                int images,
                @Nullable Double top1,
                @Nullable Double top5,
                @Nullable Double meanPerLabel,
                List<Confusion> confusions) {}

        @Override
        public void image(String image, @Nullable String truth, List<Score> scores) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("image", image);
            if (truth != null) {
                line.put("truth", truth);
            }
            line.put("probabilities", probabilities);
            line.put(ComputingCommand.PRECISION, precision);
            line.put(
                    "labels",
                    scores.stream()
                            .limit(top)
                            .map(score -> new Scored(score.label().name(), score.probability(), score.cosine()))
                            .toList());
            terminal.printJson(line);
        }

        @Override
        public void skipped(String image, String reason) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("image", image);
            line.put("error", reason);
            terminal.printJson(line);
        }

        @Override
        public void accuracy(ClassificationAccuracy accuracy, int labels) {
            terminal.printJson(Map.of(
                    "accuracy",
                    new Accuracy(
                            accuracy.images(),
                            orNull(accuracy.top1()),
                            orNull(accuracy.top5()),
                            orNull(accuracy.meanPerLabel()),
                            accuracy.confusions(CONFUSIONS))));
        }

        private static @Nullable Double orNull(double fraction) {
            return Double.isNaN(fraction) ? null : fraction;
        }
    }

    private static List<String> accuracyText(ClassificationAccuracy accuracy, int labels) {
        if (accuracy.images() == 0) {
            return List.of("No image whose label is known can be read.");
        }
        String five =
                labels < ENOUGH_FOR_FIVE ? "" : String.format(Locale.ROOT, ", top-5 %.1f %%", 100 * accuracy.top5());
        String summary = String.format(
                Locale.ROOT,
                "accuracy on %s among %d labels: top-1 %.1f %%%s; mean per label %.1f %%",
                Quantity.of(accuracy.images(), "image"),
                labels,
                100 * accuracy.top1(),
                five,
                100 * accuracy.meanPerLabel());
        List<Confusion> confusions = accuracy.confusions(CONFUSIONS);
        if (confusions.isEmpty()) {
            return List.of(summary);
        }
        List<String> lines = new ArrayList<>(List.of(summary, "most frequent mistakes:"));
        for (Confusion confusion : confusions) {
            lines.add("  %d of %s '%s' taken for '%s'"
                    .formatted(
                            confusion.count(),
                            Quantity.of(confusion.of(), "image"),
                            LineFormat.escape(confusion.truth()),
                            LineFormat.escape(confusion.answer())));
        }
        return lines;
    }
}
