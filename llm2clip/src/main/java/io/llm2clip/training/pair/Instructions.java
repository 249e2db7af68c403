package io.llm2clip.training.pair;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the queries of a source begin with; positives and negatives have none.
 *
 * @param byKind instructions for pairs of a kind, of which one is drawn for each query
 */
public record Instructions(Map<PairKind, List<String>> byKind) {
    /** None. */
    public static final Instructions NONE = new Instructions(Map.of());

    public Instructions {
        // In the order of kinds: whether two tables are equal is told by their text, too.
        byKind = Collections.unmodifiableMap(new TreeMap<>(byKind));
    }

    /** Those for queries of pairs of a kind; may be none. */
    List<String> of(PairKind kind) {
        return byKind.getOrDefault(kind, List.of());
    }
}
