package io.llm2clip.training.pair;

import io.llm2clip.dataset.EvenSample;
import io.llm2clip.dataset.ExampleSet;
import java.util.EnumMap;
import java.util.Map;

/**
 * Counts what pairs a source offers: exactly for a small one, from an evenly spread sample of a large one.
 */
final class PairSurvey {
    /** Sample size. */
    private static final int SAMPLE = 4096;

    private final long size;
    private final int looked;
    private final Map<PairKind, Integer> having = new EnumMap<>(PairKind.class);
    private int pairable;
    private int ownNegatives;
    private int longest;
    private int texts;
    private int cut;

    private PairSurvey(long size, int looked) {
        this.size = size;
        this.looked = looked;
    }

    static PairSurvey of(ExampleSet set, TextRows rows) {
        EvenSample sample = EvenSample.of(set, SAMPLE);
        PairSurvey survey = new PairSurvey(set.size(), sample.count());
        // Whoever draws a broken one counts it.
        sample.read(example -> survey.add(PairTexts.of(example, rows)), _ -> {});
        return survey;
    }

    private void add(PairTexts example) {
        boolean any = false;
        for (PairKind kind : PairKind.values()) {
            if (example.has(kind)) {
                having.merge(kind, 1, Integer::sum);
                any = true;
            }
        }
        pairable += any ? 1 : 0;
        ownNegatives += example.hasOwnNegative() ? 1 : 0;
        example.all().map(PairTexts.Text::row).forEach(row -> {
            longest = Math.max(longest, row.ids().length);
            texts++;
            cut += row.cut() ? 1 : 0;
        });
    }

    /** Whether the sample is the whole source. */
    boolean exact() {
        return looked == size;
    }

    /** Examples in the sample. */
    int looked() {
        return looked;
    }

    /** Examples in the sample that have a pair. */
    int pairable() {
        return pairable;
    }

    /** Examples in the sample that have a negative of their own. */
    int ownNegatives() {
        return ownNegatives;
    }

    /** Examples in the sample that have a pair of a kind. */
    int having(PairKind kind) {
        return having.getOrDefault(kind, 0);
    }

    /** Whether the source consists of queries and documents. */
    boolean queries() {
        return having(PairKind.QUERY_TO_DOCUMENT) > 0;
    }

    /** Tokens of the longest text in the sample. */
    int longest() {
        return longest;
    }

    /** Texts in the sample, duplicates within an example counted once. */
    int texts() {
        return texts;
    }

    /** How many of these are truncated. */
    int cut() {
        return cut;
    }

    /** Estimated number of examples of the source that have a pair. */
    long estimate() {
        return estimate(pairable);
    }

    /**
     * Batch size for a kind: as wanted, fewer if fewer examples have such a pair, 0 if fewer than two have. Of an estimate from a sample
     * only half is relied on.
     */
    int batch(PairKind kind, int wanted) {
        int found = having(kind);
        boolean sure = exact() || found == looked;
        long batch = Math.min(wanted, estimate(found) / (sure ? 1 : 2));
        return batch >= 2 ? (int) batch : 0;
    }

    private long estimate(int count) {
        return looked == 0 ? 0 : size * count / looked;
    }
}
