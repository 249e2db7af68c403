package io.llm2clip.zeroshot;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts how often images were classified as what they are. */
public final class ClassificationAccuracy {
    private static final int FIVE = 5;

    private final Map<String, Counts> byLabel = new LinkedHashMap<>();
    private final Map<Confused, Integer> confusions = new LinkedHashMap<>();
    private int images;

    private record Confused(String truth, String answer) {}

    private static final class Counts {
        private int images;
        private int first;
        private int firstFive;
    }

    /**
     * A mistake.
     *
     * @param truth the label's name that was right
     * @param answer the one that came first
     * @param count how often
     * @param of how many images of that truth there are
     */
    public record Confusion(String truth, String answer, int count, int of) {}

    /**
     * Counts an image.
     *
     * @param truth the name of its label
     * @param scores best first
     */
    public void add(String truth, List<ZeroShotClassifier.Score> scores) {
        Counts counts = byLabel.computeIfAbsent(truth, _ -> new Counts());
        images++;
        counts.images++;
        String answer = scores.getFirst().label().name();
        if (answer.equals(truth)) {
            counts.first++;
        } else {
            confusions.merge(new Confused(truth, answer), 1, Integer::sum);
        }
        if (rank(truth, scores) < FIVE) {
            counts.firstFive++;
        }
    }

    /**
     * How many labels come before the right one; the number of all if it is not there.
     *
     * @param truth the name of the right label
     * @param scores best first
     */
    public static int rank(String truth, List<ZeroShotClassifier.Score> scores) {
        int rank = 0;
        while (rank < scores.size() && !scores.get(rank).label().name().equals(truth)) {
            rank++;
        }
        return rank;
    }

    /** How many images were counted. */
    public int images() {
        return images;
    }

    /** Part of the images whose label came first; NaN of none. */
    public double top1() {
        return byLabel.values().stream().mapToInt(counts -> counts.first).sum() / (double) images;
    }

    /** Part of the images whose label was among the first five; NaN of none. */
    public double top5() {
        return byLabel.values().stream().mapToInt(counts -> counts.firstFive).sum() / (double) images;
    }

    /** {@link #top1} of the images of a label, averaged over the labels that have images; NaN of none. */
    public double meanPerLabel() {
        return byLabel.values().stream()
                .mapToDouble(counts -> counts.first / (double) counts.images)
                .average()
                .orElse(Double.NaN);
    }

    /** The most frequent mistakes, most frequent first, at most {@code limit}. */
    public List<Confusion> confusions(int limit) {
        return confusions.entrySet().stream()
                .map(entry -> new Confusion(
                        entry.getKey().truth,
                        entry.getKey().answer,
                        entry.getValue(),
                        byLabel.getOrDefault(entry.getKey().truth, new Counts()).images))
                .sorted(Comparator.comparingInt(confusion -> -confusion.count()))
                .limit(limit)
                .toList();
    }
}
