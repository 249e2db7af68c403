package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.CaptionRow;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Fills a store with the vectors of captions that it does not have yet, some at a time. */
public final class TextVectors {
    /** Captions between two writes to disk: what an interrupted job loses at most. */
    private static final int CHUNK = 1024;

    private static final int REASONS = 100;

    private final CaptionEncoder encoder;
    private final TextVectorStore store;
    private final boolean stored;
    /** Rows of captions to compute by what the store calls them, in the order in which they came. */
    private final Map<String, CaptionRow> waiting = new LinkedHashMap<>();

    private final FloatMatrix computed;
    private final List<String> reasons = new ArrayList<>();
    private long examples;
    private long captions;
    private long cut;
    private long added;
    private long taken;
    private long skipped;

    private TextVectors(CaptionEncoder encoder, TextVectorStore store, boolean stored) {
        this.encoder = encoder;
        this.store = store;
        this.stored = stored;
        this.computed = FloatMatrix.allocate(CHUNK, store.dimension());
    }

    /**
     * What was there and what was added.
     *
     * @param examples of the share
     * @param captions that they have
     * @param cut how many of these are too long for the text encoder, so that their ends do not count
     * @param computed captions whose vectors were not there, equal ones once
     * @param taken captions whose vectors were taken from beside the data
     * @param skipped examples that cannot be used
     * @param reasons a sentence for each of the first
     */
    public record Filled(
            long examples, long captions, long cut, long computed, long taken, long skipped, List<String> reasons) {
        static final Filled NONE = looked(0, 0);

        /** Captions that were looked at, without vectors. */
        static Filled looked(long captions, long cut) {
            return new Filled(0, captions, cut, 0, 0, 0, List.of());
        }

        /** With those of other data. */
        Filled and(Filled other) {
            return new Filled(
                    examples + other.examples,
                    captions + other.captions,
                    cut + other.cut,
                    computed + other.computed,
                    taken + other.taken,
                    skipped + other.skipped,
                    Stream.concat(reasons.stream(), other.reasons.stream()).toList());
        }

        /** The same of a later time, when there was nothing to do. */
        Filled again() {
            return new Filled(examples, captions, cut, 0, 0, skipped, reasons);
        }
    }

    /**
     * Computes the vectors that a store lacks. A store that was filled for the same data before is not looked through again.
     *
     * @param part the share of the data whose captions are computed
     * @param stored whether vectors that lie beside the data are taken instead, see {@link ExampleSet#vectors}; that they are of this
     *     encoder nobody can tell
     * @throws InputException if no example can be used, or stored vectors are of another length
     */
    public static Filled fill(
            CaptionEncoder encoder,
            ExampleSet data,
            VectorPart part,
            TextVectorStore store,
            boolean stored,
            Progress progress) {
        // A share's store goes away when the whole one takes it over.
        Optional<FilledMark> mark = part.count() == 1 ? Optional.of(new FilledMark(store, data)) : Optional.empty();
        Optional<Filled> before = mark.flatMap(FilledMark::read);
        if (before.isPresent()) {
            return before.get().again();
        }
        TextVectors vectors = new TextVectors(encoder, store, stored);
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
        Filled filled = new Filled(
                vectors.examples,
                vectors.captions,
                vectors.cut,
                vectors.added,
                vectors.taken,
                vectors.skipped,
                List.copyOf(vectors.reasons));
        mark.ifPresent(each -> each.write(filled));
        return filled;
    }

    private void add(ExampleSet data, int shard, int index) {
        examples++;
        List<String> texts;
        Map<String, byte[]> given;
        try {
            texts = data.captions(shard, index);
            given = stored ? data.vectors(shard, index) : Map.of();
        } catch (InputException e) {
            if (skipped++ < REASONS) {
                reasons.add(String.valueOf(e.getMessage()));
            }
            return;
        }
        captions += texts.size();
        for (String caption : texts) {
            CaptionFormat.Formatted read = encoder.read(caption);
            cut += read.row().cut() ? 1 : 0;
            if (!store.contains(read.text()) && !take(read.text(), caption, given.get(caption))) {
                waiting.putIfAbsent(read.text(), read.row());
            }
            if (waiting.size() == CHUNK) {
                compute();
            }
        }
    }

    /** Takes a vector that lies beside the data, unless there is none or it is not finite. */
    private boolean take(String key, String caption, byte @Nullable [] vector) {
        if (vector == null) {
            return false;
        }
        int bytes = Float.BYTES * store.dimension();
        if (vector.length != bytes) {
            throw new InputException(
                    "The stored vector of \"%s\" has %d bytes, expected %d, those of %d floats; it is of another text encoder, compute the vectors instead."
                            .formatted(caption, vector.length, bytes, store.dimension()));
        }
        float[] values = new float[store.dimension()];
        ByteBuffer.wrap(vector).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        for (float value : values) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        store.put(key, values);
        taken++;
        return true;
    }

    private void compute() {
        encoder.encodeRows(List.copyOf(waiting.values()), false, computed, Progress.Phase.NONE);
        int row = 0;
        for (String key : waiting.keySet()) {
            store.put(key, computed.row(row++));
        }
        store.flush();
        added += waiting.size();
        waiting.clear();
    }
}
