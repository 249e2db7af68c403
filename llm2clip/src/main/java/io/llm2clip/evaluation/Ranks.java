package io.llm2clip.evaluation;

import java.util.Arrays;

/**
 * For every query, how many candidates come before its best right answer; 0 is a hit at the top. Candidates of equal
 * score are ordered by index.
 *
 * @param ranks {@code [queries]}
 */
public record Ranks(int[] ranks) {
    /** R@k: the share of queries whose right answer is among the first {@code k}, in 0..1. */
    public double recall(int k) {
        return Arrays.stream(hits(k)).average().orElse(0);
    }

    /** 1 for each query whose right answer is among the first {@code k}, else 0: input of a paired bootstrap. */
    public double[] hits(int k) {
        if (k < 1) {
            throw new IllegalArgumentException("Recall needs k of at least 1, not " + k + ".");
        }
        return Arrays.stream(ranks).mapToDouble(rank -> rank < k ? 1 : 0).toArray();
    }

    /** The number of queries. */
    public int size() {
        return ranks.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Ranks that && Arrays.equals(ranks, that.ranks);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ranks);
    }

    @Override
    public String toString() {
        return "Ranks[" + ranks.length + " queries, R@1 " + recall(1) + "]";
    }
}
