package io.llm2clip.training.pair;

import io.llm2clip.dataset.Example;
import io.llm2clip.dataset.TextFile;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The texts of an example that pairs are drawn from, equal ones once: captions, or queries with documents. */
final class PairTexts {
    /** Random numbers that a draw may take. */
    static final long COUNTERS = 8;

    private static final long OBJECT_BYTES = 100;

    /**
     * A text.
     *
     * @param row without an instruction
     */
    record Text(String text, CaptionRow row) {
        private long bytes() {
            return OBJECT_BYTES + 2L * text.length() + (long) Integer.BYTES * row.ids().length;
        }
    }

    /**
     * A pair.
     *
     * @param negative of its own, if it has one
     */
    record Drawn(Text query, Text positive, Optional<Text> negative, PairKind kind) {}

    private final String example;
    private final List<Text> brief;
    private final List<Text> detailed;
    private final List<Text> queries;
    private final List<Text> positives;
    private final List<Text> negatives;

    private PairTexts(
            String example,
            List<Text> brief,
            List<Text> detailed,
            List<Text> queries,
            List<Text> positives,
            List<Text> negatives) {
        this.example = example;
        this.brief = brief;
        this.detailed = detailed;
        this.queries = queries;
        this.positives = positives;
        this.negatives = negatives;
    }

    /** Sorts the texts of an example. */
    static PairTexts of(Example example, TextRows rows) {
        String name = example.shard() + '\n' + example.key();
        List<Text> queries = distinct(example, TextFile.QUERY, rows);
        List<Text> positives = distinct(example, TextFile.POSITIVE, rows);
        if (!queries.isEmpty() && !positives.isEmpty()) {
            return new PairTexts(
                    name, List.of(), List.of(), queries, positives, distinct(example, TextFile.NEGATIVE, rows));
        }
        List<Text> captions = distinct(example.texts(), rows);
        CaptionKinds kinds =
                CaptionKinds.ofRows(captions.stream().map(Text::row).toList());
        return new PairTexts(
                name,
                kinds.brief().stream().map(captions::get).toList(),
                kinds.detailed().stream().map(captions::get).toList(),
                List.of(),
                List.of(),
                List.of());
    }

    private static List<Text> distinct(Example example, String column, TextRows rows) {
        return distinct(
                example.captions().stream()
                        .filter(caption -> caption.column().equalsIgnoreCase(column))
                        .map(Example.Caption::text)
                        .toList(),
                rows);
    }

    /** Texts whose rows are equal are equal to the model. */
    private static List<Text> distinct(List<String> texts, TextRows rows) {
        List<CaptionRow> all = texts.isEmpty() ? List.of() : rows.rows(texts);
        List<CaptionRow> seen = new ArrayList<>();
        List<Text> distinct = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (!seen.contains(all.get(i))) {
                seen.add(all.get(i));
                distinct.add(new Text(texts.get(i), all.get(i)));
            }
        }
        return distinct;
    }

    /** What it is called: equal for texts of one example. */
    String example() {
        return example;
    }

    /** All texts. */
    Stream<Text> all() {
        return Stream.of(brief, detailed, queries, positives, negatives).flatMap(List::stream);
    }

    /** Memory that it takes, about. */
    long bytes() {
        return OBJECT_BYTES + all().mapToLong(Text::bytes).sum();
    }

    boolean hasOwnNegative() {
        return !negatives.isEmpty();
    }

    /** Whether there is a pair of a kind. */
    boolean has(PairKind kind) {
        return switch (kind) {
            case LONG_TO_LONG -> detailed.size() >= 2;
            case SHORT_TO_LONG, LONG_TO_SHORT, SHORT_AND_LONG -> !brief.isEmpty();
            case SHORT_TO_SHORT -> brief.size() >= 2;
            case ANY_TWO -> brief.size() + detailed.size() >= 2;
            case QUERY_TO_DOCUMENT -> !queries.isEmpty();
        };
    }

    /**
     * Draws a pair of a kind that it has.
     *
     * @param counter of the first of {@link #COUNTERS} random numbers
     */
    Drawn draw(PairKind kind, CounterRandom random, long stream, long counter) {
        return switch (kind) {
            case QUERY_TO_DOCUMENT ->
                new Drawn(
                        one(queries, random, stream, counter),
                        one(positives, random, stream, counter + 1),
                        hasOwnNegative() ? Optional.of(one(negatives, random, stream, counter + 2)) : Optional.empty(),
                        kind);
            case SHORT_AND_LONG ->
                draw(
                        random.integer(stream, counter, 2) == 0 ? PairKind.SHORT_TO_LONG : PairKind.LONG_TO_SHORT,
                        random,
                        stream,
                        counter + 1);
            case SHORT_TO_LONG, LONG_TO_SHORT -> {
                Text first = one(brief, random, stream, counter);
                Text second = one(detailed, random, stream, counter + 1);
                yield kind.toShort()
                        ? new Drawn(second, first, Optional.empty(), kind)
                        : new Drawn(first, second, Optional.empty(), kind);
            }
            case LONG_TO_LONG -> two(detailed, 0, random, stream, counter);
            case SHORT_TO_SHORT -> two(brief, brief.size(), random, stream, counter);
            case ANY_TWO ->
                two(Stream.concat(brief.stream(), detailed.stream()).toList(), brief.size(), random, stream, counter);
        };
    }

    /** A text that a pair of a kind may have as its positive, for queries of other examples. */
    Text document(PairKind kind, CounterRandom random, long stream, long counter) {
        List<Text> documents = !positives.isEmpty() ? positives : kind.toShort() && !brief.isEmpty() ? brief : detailed;
        return one(documents, random, stream, counter);
    }

    private static Drawn two(List<Text> texts, int brief, CounterRandom random, long stream, long counter) {
        int first = random.integer(stream, counter, texts.size());
        int second = (first + 1 + random.integer(stream, counter + 1, texts.size() - 1)) % texts.size();
        return new Drawn(
                texts.get(first), texts.get(second), Optional.empty(), PairKind.of(first < brief, second < brief));
    }

    private static Text one(List<Text> texts, CounterRandom random, long stream, long counter) {
        return texts.get(random.integer(stream, counter, texts.size()));
    }
}
