package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.progress.Progress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Where the vectors {@code [D]} of captions are, not normalized. */
public interface VectorLookup {
    /** D. */
    int size();

    /** The vectors {@code [N, D]} of captions. */
    FloatMatrix of(List<String> captions);

    /** Bytes of weights that are read where their file is mapped. */
    default long mappedBytes() {
        return 0;
    }

    /** Those of a store, which has to have them. */
    static VectorLookup of(CaptionEncoder encoder, TextVectorStore store) {
        return new VectorLookup() {
            @Override
            public int size() {
                return store.dimension();
            }

            @Override
            public FloatMatrix of(List<String> captions) {
                FloatMatrix vectors = FloatMatrix.allocate(captions.size(), size());
                for (int i = 0; i < captions.size(); i++) {
                    store.get(encoder.formatted(captions.get(i)), vectors.row(i));
                }
                return vectors;
            }
        };
    }

    /** Those that an encoder computes anew each time, equal captions of a call once. */
    static VectorLookup of(CaptionEncoder encoder) {
        return new VectorLookup() {
            @Override
            public int size() {
                return encoder.llama().config().hiddenSize();
            }

            @Override
            public FloatMatrix of(List<String> captions) {
                List<String> distinct = captions.stream().distinct().toList();
                FloatMatrix computed = encoder.encode(distinct, Progress.Phase.NONE);
                if (distinct.size() == captions.size()) {
                    return computed;
                }
                Map<String, Integer> rowOf = new HashMap<>();
                distinct.forEach(caption -> rowOf.put(caption, rowOf.size()));
                FloatMatrix vectors = FloatMatrix.allocate(captions.size(), size());
                for (int i = 0; i < captions.size(); i++) {
                    int row = Objects.requireNonNull(rowOf.get(captions.get(i)));
                    vectors.accept(i, computed.row(row));
                }
                return vectors;
            }

            @Override
            public long mappedBytes() {
                return encoder.llama().mappedBytes();
            }
        };
    }
}
