package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Fills a store with the vectors of captions that it does not have yet, and reads them by image. */
public final class TextVectors {
    /** Captions between two writes to disk: what an interrupted job loses at most. */
    private static final int CHUNK = 1024;

    private TextVectors() {}

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
        List<String> keys = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < captions.size(); i++) {
            for (int c = 0; c < captions.get(i).size(); c++) {
                String key = formatted.get(i).get(c);
                if (!store.contains(key) && seen.add(key)) {
                    keys.add(key);
                    missing.add(captions.get(i).get(c));
                }
            }
        }
        FloatMatrix computed = FloatMatrix.allocate(Math.min(CHUNK, missing.size()), store.dimension());
        try (Progress.Phase phase = progress.begin("text vectors", missing.size(), "caption")) {
            for (int start = 0; start < missing.size(); start += CHUNK) {
                int end = Math.min(missing.size(), start + CHUNK);
                encoder.encode(missing.subList(start, end), false, computed, phase);
                for (int i = start; i < end; i++) {
                    store.put(keys.get(i), computed.row(i - start));
                }
                store.flush();
            }
        }
        store.finish();
        List<String> all = formatted.stream().flatMap(List::stream).toList();
        FloatMatrix vectors = FloatMatrix.allocate(all.size(), store.dimension());
        for (int i = 0; i < all.size(); i++) {
            store.get(all.get(i), vectors.row(i));
        }
        return CaptionVectors.of(vectors, captions);
    }
}
