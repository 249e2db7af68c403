package io.llm2clip.training;

import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Draws batches of caption pairs for stage 1. A batch is homogeneous: all its queries are of one kind and all its positives of
 * one kind, so that length alone tells no pair from another. An image takes part in the batches that it has captions for.
 */
final class PairSampler {
    private static final long KIND_STREAM = CounterRandom.streamOf("pair kind");

    /** What queries and positives of a batch are. */
    enum Kind {
        DETAILED_TO_DETAILED("long to long"),
        BRIEF_TO_DETAILED("short to long"),
        DETAILED_TO_BRIEF("long to short");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        /** For people. */
        String text() {
            return text;
        }
    }

    /**
     * A caption.
     *
     * @param row its tokens
     * @param number equal captions have equal ones
     */
    record Caption(CaptionRow row, int number) {}

    /** Captions of equal count: queries, their positives, and as many captions of other images (empty without hard negatives). */
    record Pairs(Kind kind, List<Caption> queries, List<Caption> positives, List<Caption> negatives) {}

    /** The captions of one image, equal ones once. */
    private record Group(List<Caption> brief, List<Caption> detailed) {
        boolean hasDetailedPair() {
            return detailed.size() >= 2;
        }

        boolean hasMixedPair() {
            return !brief.isEmpty();
        }
    }

    /** Groups that pairs of one kind are drawn from. */
    private record Pool(List<Group> groups, EpochSampler epochs) {
        /** How much of a full batch the pool fills. */
        double fill(int batch) {
            return Math.min(1, (double) groups.size() / batch);
        }
    }

    private final int groups;
    private final int shared;
    private final int longest;
    private final int batch;
    private final boolean hardNegatives;
    private final CounterRandom random;
    private final @Nullable Pool detailed;
    private final @Nullable Pool mixed;

    /**
     * Sorts the captions.
     *
     * @param captions rows by image
     * @param batch pairs per batch, or all groups of a kind where there are fewer
     * @throws IllegalArgumentException if there are not two images with a pair
     */
    PairSampler(List<List<CaptionRow>> captions, int batch, boolean hardNegatives, CounterRandom random) {
        EqualItems equal = EqualItems.of(captions);
        List<Group> all = new ArrayList<>();
        for (int image = 0; image < captions.size(); image++) {
            Group group = group(captions.get(image), image, equal);
            if (group.hasDetailedPair() || group.hasMixedPair()) {
                all.add(group);
            }
        }
        this.groups = all.size();
        this.shared = equal.shared();
        this.longest = longest(all.stream().flatMap(g -> g.detailed.stream()));
        this.batch = Math.min(batch, groups);
        this.hardNegatives = hardNegatives;
        this.random = random;
        this.detailed = pool(all, Group::hasDetailedPair, null);
        this.mixed = pool(all, Group::hasMixedPair, detailed);
        if (detailed == null && mixed == null) {
            throw new IllegalArgumentException(
                    "Of %d images %d have two different captions to pair, stage 1 needs two such images; add captions, or cut them at more tokens."
                            .formatted(captions.size(), groups));
        }
    }

    private static Group group(List<CaptionRow> rows, int image, EqualItems equal) {
        List<Caption> distinct = new ArrayList<>();
        for (int c = 0; c < rows.size(); c++) {
            Caption caption = new Caption(rows.get(c), equal.number(image, c));
            if (!distinct.contains(caption)) {
                distinct.add(caption);
            }
        }
        CaptionKinds kinds = CaptionKinds.of(
                distinct.stream().mapToInt(c -> c.row.pooledLength()).toArray());
        return new Group(
                kinds.brief().stream().map(distinct::get).toList(),
                kinds.detailed().stream().map(distinct::get).toList());
    }

    /** The pool of groups that have pairs of a kind; null if there are not two. Equal pools share their order, too. */
    private @Nullable Pool pool(List<Group> all, Predicate<Group> eligible, @Nullable Pool other) {
        List<Group> members = all.stream().filter(eligible).toList();
        if (members.size() < 2) {
            return null;
        }
        return other != null && other.groups.equals(members)
                ? other
                : new Pool(members, new EpochSampler(members.size(), Math.min(batch, members.size()), random));
    }

    /** Images that have a pair. */
    int groups() {
        return groups;
    }

    /** Images that have two long captions, or none if there is but one such image. */
    int detailedGroups() {
        return detailed == null ? 0 : detailed.groups.size();
    }

    /** Images that have a short caption and a long one, or none if there is but one such image. */
    int mixedGroups() {
        return mixed == null ? 0 : mixed.groups.size();
    }

    /** How many different captions belong to more than one image. */
    int shared() {
        return shared;
    }

    /** Tokens of the longest caption. */
    int longest() {
        return longest;
    }

    /**
     * The kind of a step's batch: long captions alone until {@code curriculum} of the training is done, then {@code mixedShare} of
     * the batches have a short one. A kind that too few images have for a full batch has as much less of the steps.
     */
    Kind kind(long step, long steps, double curriculum, double mixedShare) {
        double wanted = step < curriculum * steps ? 0 : mixedShare;
        double full = detailed == null ? 0 : detailed.fill(batch);
        double plain = (1 - wanted) * full;
        double mixing = mixed == null ? 0 : (1 - plain) * mixed.fill(batch);
        if (detailed != null && random.uniform(KIND_STREAM, 2 * step) * (plain + mixing) >= mixing) {
            return Kind.DETAILED_TO_DETAILED;
        }
        return random.integer(KIND_STREAM, 2 * step + 1, 2) == 0 ? Kind.BRIEF_TO_DETAILED : Kind.DETAILED_TO_BRIEF;
    }

    /** Draws pairs that nobody wants. */
    void skip(Kind kind) {
        pool(kind).epochs.skip();
    }

    Pairs next(long step, Kind kind) {
        List<Caption> queries = new ArrayList<>();
        List<Caption> positives = new ArrayList<>();
        List<Caption> negatives = new ArrayList<>();
        long stream = CounterRandom.streamOf("pairs of step " + step);
        Pool pool = pool(kind);
        int[] drawn = pool.epochs.next();
        for (int i = 0; i < drawn.length; i++) {
            Group group = pool.groups.get(drawn[i]);
            int first = random.integer(stream, 4L * i, group.detailed.size());
            Caption own = group.detailed.get(first);
            Caption other = kind == Kind.DETAILED_TO_DETAILED
                    ? another(group.detailed, first, stream, 4L * i + 1)
                    : group.brief.get(random.integer(stream, 4L * i + 1, group.brief.size()));
            queries.add(kind == Kind.BRIEF_TO_DETAILED ? other : own);
            positives.add(kind == Kind.BRIEF_TO_DETAILED ? own : other);
            if (hardNegatives) {
                // A caption of the positives' kind from another group of the pool.
                Group stranger = another(pool.groups, drawn[i], stream, 4L * i + 2);
                List<Caption> kindred = kind == Kind.DETAILED_TO_BRIEF ? stranger.brief : stranger.detailed;
                negatives.add(kindred.get(random.integer(stream, 4L * i + 3, kindred.size())));
            }
        }
        return new Pairs(kind, queries, positives, negatives);
    }

    private Pool pool(Kind kind) {
        Pool pool = kind == Kind.DETAILED_TO_DETAILED ? detailed : mixed;
        if (pool == null) {
            throw new IllegalArgumentException("There are no pairs of kind " + kind + "; ask kind() first.");
        }
        return pool;
    }

    /** Any item but the one of a number. */
    private <T> T another(List<T> items, int number, long stream, long counter) {
        int shift = 1 + random.integer(stream, counter, items.size() - 1);
        return items.get((number + shift) % items.size());
    }

    private static int longest(Stream<Caption> captions) {
        return captions.mapToInt(c -> c.row.ids().length).max().orElse(0);
    }
}
