package io.llm2clip.evaluation;

/**
 * Fractions of queries whose match is among the first 1, 5, 10 answers.
 *
 * @param r1 R@1
 * @param r5 R@5
 * @param r10 R@10
 */
public record Recall(double r1, double r5, double r10) {
    /** What ranks amount to. */
    public static Recall of(Ranks ranks) {
        return new Recall(ranks.recall(1), ranks.recall(5), ranks.recall(10));
    }

    /** What guessing has at most, where each of so many things has as many right answers as the others. */
    public static Recall byChance(int candidates) {
        return new Recall(byChance(1, candidates), byChance(5, candidates), byChance(10, candidates));
    }

    /** The same of R@k. */
    public static double byChance(int k, int candidates) {
        return Math.min(1, (double) k / candidates);
    }
}
