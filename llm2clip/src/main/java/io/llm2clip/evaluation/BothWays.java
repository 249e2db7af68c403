package io.llm2clip.evaluation;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Recall in both directions.
 *
 * @param imageToText an image is found if the first of its captions is: a query per image
 * @param textToImage a query per caption
 */
public record BothWays(Recall imageToText, Recall textToImage) {
    /** What metrics amount to. */
    public static BothWays of(RetrievalMetrics metrics) {
        return new BothWays(Recall.of(metrics.textRetrieval()), Recall.of(metrics.imageRetrieval()));
    }

    /** The mean of measurements, each of which counts as much as the others, such as of languages. */
    public static BothWays mean(Collection<BothWays> all) {
        return new BothWays(mean(all, BothWays::imageToText), mean(all, BothWays::textToImage));
    }

    /** Mean R@10 of both directions. */
    public double meanR10() {
        return (imageToText.r10() + textToImage.r10()) / 2;
    }

    /** Two lines of headings over {@link #row}. */
    public static List<String> columns() {
        String cuts = String.format(Locale.ROOT, "%6s %6s %6s", "R@1", "R@5", "R@10");
        return List.of("%-24s%s".formatted("image to text", "text to image"), cuts + "    " + cuts);
    }

    /** Percentages as text: three of image to text, three of text to image. */
    public String row() {
        return numbers(imageToText) + "    " + numbers(textToImage);
    }

    private static String numbers(Recall recall) {
        return String.format(
                Locale.ROOT, "%6.1f %6.1f %6.1f", 100 * recall.r1(), 100 * recall.r5(), 100 * recall.r10());
    }

    /**
     * Percentages as text, one line per direction.
     *
     * @param chance what guessing has
     */
    public String table(Recall chance) {
        return String.join(
                "\n",
                "                  R@1    R@5   R@10",
                line("image to text", imageToText),
                line("text to image", textToImage),
                line("chance", chance));
    }

    private static String line(String name, Recall recall) {
        return String.format(Locale.ROOT, "%-14s %s", name, numbers(recall));
    }

    private static Recall mean(Collection<BothWays> all, Function<BothWays, Recall> way) {
        return new Recall(mean(all, way, Recall::r1), mean(all, way, Recall::r5), mean(all, way, Recall::r10));
    }

    private static double mean(
            Collection<BothWays> all, Function<BothWays, Recall> way, ToDoubleFunction<Recall> value) {
        return all.stream()
                .mapToDouble(each -> value.applyAsDouble(way.apply(each)))
                .average()
                .orElseThrow();
    }
}
