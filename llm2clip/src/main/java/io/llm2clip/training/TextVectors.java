package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.CaptionRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Fills a store with the vectors of captions that it does not have yet, some at a time. */
public final class TextVectors {
    /** Captions between two writes to disk: what an interrupted job loses at most. */
    private static final int CHUNK = 1024;

    private static final int REASONS = 100;

    private final CaptionEncoder encoder;
    private final TextVectorStore store;
    /** Captions to compute by what the store calls them, in the order in which they came. */
    private final Map<String, String> waiting = new LinkedHashMap<>();

    private final FloatMatrix computed;
    private final List<String> reasons = new ArrayList<>();
    private long examples;
    private long captions;
    private long cut;
    private long added;
    private long skipped;

    private TextVectors(CaptionEncoder encoder, TextVectorStore store) {
        this.encoder = encoder;
        this.store = store;
        this.computed = FloatMatrix.allocate(CHUNK, store.dimension());
    }

    /**
     * What was there and what was added.
     *
     * @param examples of the share
     * @param captions that they have
     * @param cut how many of these are too long for the text encoder, so that their ends do not count
     * @param computed captions whose vectors were not there, equal ones once
     * @param skipped examples that cannot be used
     * @param reasons a sentence for each of the first
     */
    public record Filled(long examples, long captions, long cut, long computed, long skipped, List<String> reasons) {
        /** With those of other data. */
        Filled and(Filled other) {
            return new Filled(
                    examples + other.examples,
                    captions + other.captions,
                    cut + other.cut,
                    computed + other.computed,
                    skipped + other.skipped,
                    Stream.concat(reasons.stream(), other.reasons.stream()).toList());
        }
    }

    /**
     * Computes the vectors that a store lacks.
     *
     * @param part the share of the data whose captions are computed
     * @throws InputException if no example can be used
     */
    public static Filled fill(
            CaptionEncoder encoder, ExampleSet data, VectorPart part, TextVectorStore store, Progress progress) {
        TextVectors vectors = new TextVectors(encoder, store);
        long total = (data.size() + part.count() - part.number()) / part.count();
        long number = 0;
        try (Progress.Phase phase = progress.begin("text vectors", total, "example")) {
            for (int shard = 0; shard < data.shards(); shard++) {
                for (int index = 0; index < data.size(shard); index++) {
                    if (part.has(number++)) {
                        vectors.add(data, shard, index);
                        phase.advance(1);
                    }
                }
            }
            vectors.compute();
        }
        if (vectors.skipped > 0 && vectors.skipped == vectors.examples) {
            throw new InputException("%s has no usable example, the first because: %s"
                    .formatted(data.name(), vectors.reasons.getFirst()));
        }
        store.finish();
        return new Filled(
                vectors.examples,
                vectors.captions,
                vectors.cut,
                vectors.added,
                vectors.skipped,
                List.copyOf(vectors.reasons));
    }

    private void add(ExampleSet data, int shard, int index) {
        examples++;
        List<String> texts;
        try {
            texts = data.captions(shard, index);
        } catch (InputException e) {
            if (skipped++ < REASONS) {
                reasons.add(String.valueOf(e.getMessage()));
            }
            return;
        }
        captions += texts.size();
        cut += encoder.rows(texts).stream().filter(CaptionRow::cut).count();
        for (String caption : texts) {
            String key = encoder.formatted(caption);
            if (!store.contains(key)) {
                waiting.putIfAbsent(key, caption);
            }
            if (waiting.size() == CHUNK) {
                compute();
            }
        }
    }

    private void compute() {
        encoder.encode(List.copyOf(waiting.values()), false, computed, Progress.Phase.NONE);
        int row = 0;
        for (String key : waiting.keySet()) {
            store.put(key, computed.row(row++));
        }
        store.flush();
        added += waiting.size();
        waiting.clear();
    }
}
