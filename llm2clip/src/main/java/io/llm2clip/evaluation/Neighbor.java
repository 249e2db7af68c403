package io.llm2clip.evaluation;

import java.util.Comparator;

/**
 * A candidate that was found.
 *
 * @param candidate its number
 * @param cosine between it and the query
 */
public record Neighbor(int candidate, float cosine) {
    static final Comparator<Neighbor> BEST_FIRST =
            Comparator.comparing(Neighbor::cosine).reversed().thenComparing(Neighbor::candidate);
}
