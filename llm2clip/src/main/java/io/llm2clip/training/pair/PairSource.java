package io.llm2clip.training.pair;

import io.llm2clip.data.InputException;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.OrderedExamples;
import io.llm2clip.dataset.Position;
import io.llm2clip.dataset.Sampling;
import io.llm2clip.dataset.Skipped;
import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;

/** Batches of pairs of one source. An example takes part in the batches that it has texts for. */
final class PairSource implements AutoCloseable {
    private static final long KIND_STREAM = CounterRandom.streamOf("pair kind");
    /** So that negatives come in an order of their own. */
    private static final long NEGATIVES_SEED = 0x6e656761;

    private final DataSource source;
    private final Instructions instructions;
    private final TextRows rows;
    private final Pairing pairing;
    private final int batch;
    private final PairSurvey survey;
    private final long seed;
    private final long keptBytes;
    private final CounterRandom random;
    private OrderedExamples<PairTexts> pairs;
    private OrderedExamples<PairTexts> negatives;

    /**
     * Begins.
     *
     * @param batch pairs of a batch, where there are as many
     * @param keptBytes memory for texts that are kept for their next turn
     * @throws InputException if there are not two examples with pairs of the kinds that are asked for
     */
    PairSource(
            DataSource source,
            Instructions instructions,
            TextRows rows,
            Pairing pairing,
            int batch,
            PairSurvey survey,
            long seed,
            long keptBytes) {
        this.source = source;
        this.instructions = instructions;
        this.rows = rows;
        this.pairing = pairing;
        this.batch = (int) Math.min(batch, survey.estimate());
        this.survey = survey;
        this.seed = seed;
        this.keptBytes = keptBytes;
        this.random = new CounterRandom(seed);
        this.pairs = examples(seed, Position.START);
        this.negatives = examples(seed ^ NEGATIVES_SEED, Position.START);
        requirePairs();
    }

    private void requirePairs() {
        if (pairing.mix() == PairMix.SHORT_LONG && !survey.queries() && size(PairKind.SHORT_AND_LONG) == 0) {
            throw new InputException(
                    "Of %d examples of %s %d have a short caption and one of more than twice its tokens; choose other pairs or add captions."
                            .formatted(survey.looked(), source.set().name(), survey.having(PairKind.SHORT_AND_LONG)));
        }
        if (size(PairKind.QUERY_TO_DOCUMENT) == 0 && size(PairKind.ANY_TWO) == 0) {
            throw new InputException(
                    "Of %d examples of %s %d have two different captions to pair, stage 1 needs two such examples; add captions, or cut them at more tokens."
                            .formatted(survey.looked(), source.set().name(), survey.pairable()));
        }
    }

    private OrderedExamples<PairTexts> examples(long order, Position start) {
        return new OrderedExamples<>(
                source.set(),
                Sampling.DEFAULT,
                order,
                start,
                (example, _) -> PairTexts.of(example, rows),
                keptBytes,
                PairTexts::bytes);
    }

    PairSurvey survey() {
        return survey;
    }

    DataSource source() {
        return source;
    }

    /** Pairs of a batch of a kind; 0 if there are none. */
    private int size(PairKind kind) {
        return survey.batch(kind, batch);
    }

    /** What could not be used so far. */
    List<Skipped> skipped() {
        return List.of(pairs.skipped());
    }

    /** Where the next batch begins. */
    String position() {
        return pairs.position() + ";" + negatives.position();
    }

    /** Goes to a {@link #position}. */
    void seek(String position) {
        close();
        String[] parts = position.split(";", -1);
        pairs = examples(seed, Position.parse(parts[0]));
        negatives = examples(seed ^ NEGATIVES_SEED, Position.parse(parts[1]));
    }

    /**
     * The kind of a step's batch. By length, these are long captions alone until the curriculum is done; then the mixed share of the batches
     * has a short one. A kind that too few examples have for a full batch has as much less of the steps.
     */
    PairKind kind(long step, long steps) {
        if (survey.queries()) {
            return PairKind.QUERY_TO_DOCUMENT;
        }
        return switch (pairing.mix()) {
            case ANY -> PairKind.ANY_TWO;
            case SHORT_LONG -> PairKind.SHORT_AND_LONG;
            case BY_LENGTH -> {
                double wanted = step < pairing.curriculum() * steps ? 0 : pairing.mixedShare();
                double full = fill(PairKind.LONG_TO_LONG);
                double plain = (1 - wanted) * full;
                double mixing = (1 - plain) * fill(PairKind.SHORT_AND_LONG);
                if (full > 0 && random.uniform(KIND_STREAM, 2 * step) * (plain + mixing) >= mixing) {
                    yield PairKind.LONG_TO_LONG;
                }
                yield random.integer(KIND_STREAM, 2 * step + 1, 2) == 0
                        ? PairKind.SHORT_TO_LONG
                        : PairKind.LONG_TO_SHORT;
            }
        };
    }

    /** How much of a full batch there is of a kind. */
    private double fill(PairKind kind) {
        return (double) size(kind) / batch;
    }

    /** The batch of a step. */
    TextPairs next(long step, PairKind kind) {
        long stream = CounterRandom.streamOf("pairs of step " + step);
        List<PairTexts> examples = pairs.next(size(kind), texts -> texts.has(kind));
        List<TextPairs.Item> queries = new ArrayList<>();
        List<TextPairs.Item> positives = new ArrayList<>();
        List<TextPairs.Item> own = new ArrayList<>();
        List<PairKind> without = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            PairTexts texts = examples.get(i);
            PairTexts.Drawn drawn = texts.draw(kind, random, stream, PairTexts.COUNTERS * i);
            queries.add(query(drawn, texts, stream, PairTexts.COUNTERS * (i + 1) - 1));
            positives.add(item(drawn.positive(), texts.example()));
            // It belongs to nothing, so it is a negative of its own example, too.
            drawn.negative()
                    .ifPresentOrElse(
                            negative -> own.add(item(negative, new Object())), () -> without.add(drawn.kind()));
        }
        // A negative per query or none at all, so that batches of a source have one shape.
        if ((pairing.hardNegatives() || survey.ownNegatives() > 0) && !without.isEmpty()) {
            own.addAll(strangers(without, kind, step));
        }
        return new TextPairs(source.name(), kind, queries, positives, own);
    }

    /** Texts of any examples; whoever compares them leaves out those of the query's own one. */
    private List<TextPairs.Item> strangers(List<PairKind> kinds, PairKind batchKind, long step) {
        long stream = CounterRandom.streamOf("negatives of step " + step);
        List<PairTexts> examples = negatives.next(kinds.size(), texts -> texts.has(batchKind));
        List<TextPairs.Item> items = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            PairTexts texts = examples.get(i);
            items.add(item(texts.document(kinds.get(i), random, stream, i), texts.example()));
        }
        return items;
    }

    private TextPairs.Item query(PairTexts.Drawn drawn, PairTexts texts, long stream, long counter) {
        PairTexts.Text query = drawn.query();
        List<String> all = instructions.of(drawn.kind());
        return all.isEmpty()
                ? item(query, texts.example())
                : new TextPairs.Item(
                        // The semicolon is the reference's.
                        rows.row(all.get(random.integer(stream, counter, all.size())) + ";", query.text()),
                        query.row(),
                        texts.example());
    }

    private static TextPairs.Item item(PairTexts.Text text, Object example) {
        return new TextPairs.Item(text.row(), text.row(), example);
    }

    @Override
    public void close() {
        pairs.close();
        negatives.close();
    }
}
