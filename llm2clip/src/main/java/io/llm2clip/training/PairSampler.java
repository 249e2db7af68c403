package io.llm2clip.training;

import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.text.CaptionRow;
import java.util.ArrayList;
import java.util.List;

/**
 * Draws batches of caption pairs for stage 1. A batch is homogeneous: all its queries are of one kind and all its positives of
 * one kind, so that length alone tells no pair from another.
 */
final class PairSampler {
    /** What queries and positives of a batch are. */
    enum Kind {
        DETAILED_TO_DETAILED,
        BRIEF_TO_DETAILED,
        DETAILED_TO_BRIEF
    }

    /** Rows of equal count: queries, their positives, and as many captions of other images (empty without hard negatives). */
    record Pairs(Kind kind, List<CaptionRow> queries, List<CaptionRow> positives, List<CaptionRow> negatives) {}

    private record Group(List<CaptionRow> brief, List<CaptionRow> detailed) {}

    private final List<Group> groups = new ArrayList<>();
    private final boolean hardNegatives;
    private final boolean mixed;
    private final CounterRandom random;
    private final EpochSampler epochs;
    private final int briefLength;
    private final int detailedLength;

    PairSampler(List<List<CaptionRow>> captions, int batch, boolean hardNegatives, CounterRandom random) {
        for (List<CaptionRow> rows : captions) {
            CaptionKinds kinds =
                    CaptionKinds.of(rows.stream().mapToInt(r -> r.ids().length).toArray());
            if (kinds.detailed().length >= 2) {
                groups.add(new Group(select(rows, kinds.brief()), select(rows, kinds.detailed())));
            }
        }
        if (groups.size() < 2) {
            throw new IllegalArgumentException(
                    "Of " + captions.size() + " caption groups " + groups.size()
                            + " have two captions of similar length; stage 1 needs two captions of an image to pair, add captions.");
        }
        this.mixed = groups.stream().noneMatch(g -> g.brief.isEmpty());
        this.hardNegatives = hardNegatives;
        this.random = random;
        this.epochs = new EpochSampler(groups.size(), Math.min(batch, groups.size()), random);
        this.briefLength =
                longest(groups.stream().flatMap(g -> g.brief.stream()).toList());
        this.detailedLength =
                longest(groups.stream().flatMap(g -> g.detailed.stream()).toList());
    }

    /** Pairs a batch: as asked, or all groups where there are fewer. */
    int batch() {
        return epochs.batch();
    }

    /** The kind of a step's batch: detailed pairs until {@code curriculum} of the training is done, then a mixture. */
    Kind kind(long step, long steps, double curriculum, double mixedShare) {
        if (!mixed || step < curriculum * steps || random.uniform(KIND_STREAM, 2 * step) >= mixedShare) {
            return Kind.DETAILED_TO_DETAILED;
        }
        return random.integer(KIND_STREAM, 2 * step + 1, 2) == 0 ? Kind.BRIEF_TO_DETAILED : Kind.DETAILED_TO_BRIEF;
    }

    private static final long KIND_STREAM = CounterRandom.streamOf("pair kind");

    Pairs next(long step, Kind kind) {
        List<CaptionRow> queries = new ArrayList<>();
        List<CaptionRow> positives = new ArrayList<>();
        List<CaptionRow> negatives = new ArrayList<>();
        long stream = CounterRandom.streamOf("pairs of step " + step);
        int[] drawn = epochs.next();
        for (int i = 0; i < drawn.length; i++) {
            Group group = groups.get(drawn[i]);
            int first = random.integer(stream, 4L * i, group.detailed.size());
            int shift = 1 + random.integer(stream, 4L * i + 1, group.detailed.size() - 1);
            CaptionRow detailed = group.detailed.get(first);
            CaptionRow other = kind == Kind.DETAILED_TO_DETAILED
                    ? group.detailed.get((first + shift) % group.detailed.size())
                    : group.brief.get(random.integer(stream, 4L * i + 1, group.brief.size()));
            queries.add(kind == Kind.BRIEF_TO_DETAILED ? other : detailed);
            positives.add(kind == Kind.BRIEF_TO_DETAILED ? detailed : other);
            if (hardNegatives) {
                // A caption of the positives' kind from another group: shift by 1 .. size-1.
                int away = 1 + random.integer(stream, 4L * i + 2, groups.size() - 1);
                Group stranger = groups.get((drawn[i] + away) % groups.size());
                List<CaptionRow> kindred = kind == Kind.DETAILED_TO_BRIEF ? stranger.brief : stranger.detailed;
                negatives.add(kindred.get(random.integer(stream, 4L * i + 3, kindred.size())));
            }
        }
        return new Pairs(kind, queries, positives, negatives);
    }

    /** The length that rows of a kind are padded to: the longest there is, so that every batch runs the same program. */
    int queryLength(Kind kind) {
        return kind == Kind.BRIEF_TO_DETAILED ? briefLength : detailedLength;
    }

    int positiveLength(Kind kind) {
        return kind == Kind.DETAILED_TO_BRIEF ? briefLength : detailedLength;
    }

    private static int longest(List<CaptionRow> rows) {
        return rows.stream().mapToInt(r -> r.ids().length).max().orElse(0);
    }

    private static List<CaptionRow> select(List<CaptionRow> rows, int[] numbers) {
        return java.util.Arrays.stream(numbers).mapToObj(rows::get).toList();
    }
}
