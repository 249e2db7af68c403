package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Fills a store with the vectors of captions that it does not have yet, and reads them by image. */
public final class TextVectors {
    /** Captions between two writes to disk: what an interrupted job loses at most. */
    private static final int CHUNK = 1024;

    private TextVectors() {}

    /** Adds what a store lacks, some captions at a time. */
    static final class Filling {
        private final CaptionEncoder encoder;
        private final TextVectorStore store;
        private final Progress.Phase phase;
        /** Captions to compute by what the store calls them, in the order in which they came. */
        private final Map<String, String> waiting = new LinkedHashMap<>();

        private final FloatMatrix computed;
        private long added;

        /** @param phase hears of each caption that was computed */
        Filling(CaptionEncoder encoder, TextVectorStore store, Progress.Phase phase) {
            this.encoder = encoder;
            this.store = store;
            this.phase = phase;
            this.computed = FloatMatrix.allocate(CHUNK, store.dimension());
        }

        /** Adds a caption that is not there yet. */
        void add(String caption) {
            String key = encoder.formatted(caption);
            if (!store.contains(key)) {
                waiting.putIfAbsent(key, caption);
            }
            if (waiting.size() == CHUNK) {
                compute();
            }
        }

        /** Computes the last ones and records that nothing is missing. */
        void finish() {
            compute();
            store.finish();
        }

        /** How many were computed. */
        long added() {
            return added;
        }

        private void compute() {
            encoder.encode(List.copyOf(waiting.values()), false, computed, phase);
            int row = 0;
            for (String key : waiting.keySet()) {
                store.put(key, computed.row(row++));
            }
            store.flush();
            added += waiting.size();
            waiting.clear();
        }
    }

    /**
     * Vectors of all captions, computed where the store lacks them.
     *
     * @param captions by image
     */
    public static CaptionVectors of(
            CaptionEncoder encoder, List<List<String>> captions, TextVectorStore store, Progress progress) {
        List<List<String>> formatted = captions.stream()
                .map(each -> each.stream().map(encoder::formatted).toList())
                .toList();
        List<String> missing = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < captions.size(); i++) {
            for (int c = 0; c < captions.get(i).size(); c++) {
                String key = formatted.get(i).get(c);
                if (!store.contains(key) && seen.add(key)) {
                    missing.add(captions.get(i).get(c));
                }
            }
        }
        try (Progress.Phase phase = progress.begin("text vectors", missing.size(), "caption")) {
            Filling filling = new Filling(encoder, store, phase);
            missing.forEach(filling::add);
            filling.finish();
        }
        List<String> all = formatted.stream().flatMap(List::stream).toList();
        FloatMatrix vectors = FloatMatrix.allocate(all.size(), store.dimension());
        for (int i = 0; i < all.size(); i++) {
            store.get(all.get(i), vectors.row(i));
        }
        return CaptionVectors.of(vectors, captions);
    }
}
