package io.llm2clip.training.pair;

import io.llm2clip.text.CaptionRow;
import java.util.List;

/**
 * Pairs of one source.
 *
 * @param source that they come from
 * @param kind of all of them
 * @param queries as many as positives
 * @param positives of the query of the same number
 * @param negatives as many as queries, in no particular order, or none
 */
public record TextPairs(String source, PairKind kind, List<Item> queries, List<Item> positives, List<Item> negatives) {
    public TextPairs {
        queries = List.copyOf(queries);
        positives = List.copyOf(positives);
        negatives = List.copyOf(negatives);
    }

    /**
     * A text of a batch.
     *
     * @param row what the model reads
     * @param plain the same without an instruction: equal texts have equal ones
     * @param example what it belongs to: texts of equal ones are no negatives of each other
     */
    public record Item(CaptionRow row, CaptionRow plain, Object example) {}
}
