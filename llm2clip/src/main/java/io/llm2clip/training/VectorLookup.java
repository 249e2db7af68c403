package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.model.CaptionEncoder;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Where the vectors {@code [D]} of captions are, not normalized. */
public interface VectorLookup {
    /** D. */
    int size();

    /** Copies the vector of a caption into {@code target}, f32 in native byte order. */
    void copy(String caption, MemorySegment target);

    /** Those of a store, which has to have them. */
    static VectorLookup of(CaptionEncoder encoder, TextVectorStore store) {
        return new VectorLookup() {
            @Override
            public int size() {
                return store.dimension();
            }

            @Override
            public void copy(String caption, MemorySegment target) {
                store.get(encoder.formatted(caption), target);
            }
        };
    }

    /** The vectors {@code [N, D]} of captions. */
    default FloatMatrix of(List<String> captions) {
        FloatMatrix vectors = FloatMatrix.allocate(captions.size(), size());
        for (int i = 0; i < captions.size(); i++) {
            copy(captions.get(i), vectors.row(i));
        }
        return vectors;
    }
}
