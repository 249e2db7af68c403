package io.llm2clip.evaluation;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.text.CaptionKinds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Caption retrieval accuracy: whether one caption of an image finds another one of it among those of all images, mean of both
 * directions, by what kinds of captions are paired. How hard that is depends on the kinds, so there is no accuracy without them.
 *
 * @param scores by pairing, {@link #LONG_LONG} or {@link #SHORT_LONG}; without those that fewer than two images have captions for
 */
public record CaptionRetrieval(Map<String, Score> scores) {
    /** The first two different long captions of an image. */
    public static final String LONG_LONG = "longLong";

    /** The first short and the first long caption of an image. */
    public static final String SHORT_LONG = "shortLong";

    /**
     * The accuracy of one pairing.
     *
     * @param images that have both captions, and are told apart
     * @param accuracy a fraction; guessing has {@code 1 / images}
     */
    public record Score(int images, double accuracy) {}

    /** The accuracy of one pairing before and after a training, both among the same images. */
    public record Change(int images, double before, double after) {}

    /**
     * The searches of second captions by first ones.
     *
     * @param queries the first captions
     * @param answers the second ones, each the right answer to the query of its number
     * @param back ranks of the searches the other way round
     */
    public record PairSearches(List<String> queries, List<String> answers, Searches.Model model, Ranks back) {
        /** The same without the vectors. */
        public PairSearches answered() {
            return new PairSearches(queries, answers, model.answered(), back);
        }

        /** What each pair contributes to the accuracy, which is the mean: input of a paired bootstrap. */
        public double[] hits() {
            return RetrievalMetrics.mutualHits(model.ranks(), back);
        }
    }

    private record Pair(String first, String second) {}

    public CaptionRetrieval {
        scores = new LinkedHashMap<>(scores);
    }

    /**
     * Measures vectors of captions.
     *
     * @param captions by image
     * @param kinds sorts the captions of one image into short and long ones
     * @param encode vectors {@code [captions, D]}; called once, unless there are no pairs
     */
    public static CaptionRetrieval measure(
            List<List<String>> captions,
            Function<List<String>, CaptionKinds> kinds,
            Function<List<String>, FloatMatrix> encode) {
        return measure(captions, kinds, encode, (_, _) -> {});
    }

    /**
     * The same, from which searches can be shown.
     *
     * @param seen receives the searches of each pairing, which hold the vectors
     */
    public static CaptionRetrieval measure(
            List<List<String>> captions,
            Function<List<String>, CaptionKinds> kinds,
            Function<List<String>, FloatMatrix> encode,
            BiConsumer<String, PairSearches> seen) {
        Map<String, List<Pair>> pairs = pairs(captions, kinds);
        List<String> texts = pairs.values().stream()
                .flatMap(List::stream)
                .flatMap(pair -> Stream.of(pair.first, pair.second))
                .distinct()
                .toList();
        FloatMatrix vectors = texts.isEmpty() ? FloatMatrix.allocate(0, 0) : encode.apply(texts);
        Map<String, Integer> rowOf = new HashMap<>();
        texts.forEach(text -> rowOf.put(text, rowOf.size()));
        Map<String, Score> scores = new LinkedHashMap<>();
        pairs.forEach((pairing, each) -> {
            FloatMatrix first = column(each, Pair::first, vectors, rowOf);
            FloatMatrix second = column(each, Pair::second, vectors, rowOf);
            List<Ranks> ranks = RetrievalMetrics.captionRanks(first, second);
            PairSearches searches = new PairSearches(
                    each.stream().map(Pair::first).toList(),
                    each.stream().map(Pair::second).toList(),
                    new Searches.Model(first, second, ranks.getFirst()),
                    ranks.getLast());
            scores.put(pairing, new Score(each.size(), StatUtils.mean(searches.hits())));
            seen.accept(pairing, searches);
        });
        return new CaptionRetrieval(scores);
    }

    /** What changed from an earlier measurement on the same captions. */
    public Map<String, Change> since(CaptionRetrieval before) {
        Map<String, Change> changes = new LinkedHashMap<>();
        before.scores.forEach((pairing, score) -> Optional.ofNullable(scores.get(pairing))
                .ifPresent(now -> changes.put(pairing, new Change(now.images, score.accuracy, now.accuracy))));
        return changes;
    }

    /** A pairing's name for people. */
    public static String name(String pairing) {
        return switch (pairing) {
            case LONG_LONG -> "two long captions";
            case SHORT_LONG -> "a short and a long caption";
            default -> throw new IllegalArgumentException("There is no pairing '" + pairing + "'.");
        };
    }

    /** What searches of a pairing are, for people. */
    public static String searches(String pairing) {
        return switch (pairing) {
            case LONG_LONG -> "long captions by long ones";
            case SHORT_LONG -> "long captions by short ones";
            default -> throw new IllegalArgumentException("There is no pairing '" + pairing + "'.");
        };
    }

    private static FloatMatrix column(
            List<Pair> pairs, Function<Pair, String> text, FloatMatrix vectors, Map<String, Integer> rowOf) {
        FloatMatrix column = FloatMatrix.allocate(pairs.size(), vectors.columns());
        for (int i = 0; i < pairs.size(); i++) {
            int row = Objects.requireNonNull(rowOf.get(text.apply(pairs.get(i))));
            column.accept(i, vectors.row(row));
        }
        return column;
    }

    private static Map<String, List<Pair>> pairs(
            List<List<String>> captions, Function<List<String>, CaptionKinds> kinds) {
        List<Pair> longPairs = new ArrayList<>();
        List<Pair> mixedPairs = new ArrayList<>();
        for (List<String> each : captions) {
            CaptionKinds kind = kinds.apply(each);
            List<String> detailed =
                    kind.detailed().stream().map(each::get).distinct().toList();
            if (detailed.size() >= 2) {
                longPairs.add(new Pair(detailed.get(0), detailed.get(1)));
            }
            if (!kind.brief().isEmpty()) {
                mixedPairs.add(new Pair(each.get(kind.brief().getFirst()), detailed.getFirst()));
            }
        }
        Map<String, List<Pair>> pairs = new LinkedHashMap<>();
        pairs.put(LONG_LONG, longPairs);
        pairs.put(SHORT_LONG, mixedPairs);
        pairs.values().removeIf(each -> each.size() < 2);
        return pairs;
    }
}
