package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.progress.Progress;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** Where the vectors {@code [D]} of captions are, not normalized. */
public interface VectorLookup {
    /** D. */
    int size();

    /** The vectors of captions. */
    Found of(List<String> captions);

    /** The vectors {@code [N, D]} of some captions. */
    interface Found {
        /**
         * Those of captions {@code from .. to - 1}.
         *
         * @param buffer of at least as many rows, which receives them where they are not in memory yet
         */
        FloatMatrix rows(int from, int to, FloatMatrix buffer);

        /** For each caption something that is equal for equal vectors. */
        List<?> contents();

        /** Those in memory. */
        static Found of(FloatMatrix all) {
            return new Found() {
                @Override
                public FloatMatrix rows(int from, int to, FloatMatrix buffer) {
                    return all.slice(from, to);
                }

                @Override
                public List<?> contents() {
                    return IntStream.range(0, all.rows())
                            .mapToObj(row -> all.row(row)
                                    .asByteBuffer()
                                    .order(ByteOrder.nativeOrder())
                                    .asFloatBuffer())
                            .toList();
                }
            };
        }
    }

    /**
     * Bytes of memory that what is found takes until the next captions are looked for.
     *
     * @param captions that are looked for at once
     */
    default long bytes(int captions) {
        return 0;
    }

    /** Bytes of weights that are read where their file is mapped. */
    default long mappedBytes() {
        return 0;
    }

    /** Those of a store, which has to have them; they are read from there as they are asked for. */
    static VectorLookup of(CaptionEncoder encoder, TextVectorStore store) {
        return new VectorLookup() {
            @Override
            public int size() {
                return store.dimension();
            }

            @Override
            public Found of(List<String> captions) {
                int[] rows = captions.stream()
                        .mapToInt(caption -> store.rowOf(encoder.formatted(caption)))
                        .toArray();
                return new Found() {
                    @Override
                    public FloatMatrix rows(int from, int to, FloatMatrix buffer) {
                        FloatMatrix vectors = buffer.slice(0, to - from);
                        for (int i = from; i < to; i++) {
                            store.get(rows[i], vectors.row(i - from));
                        }
                        return vectors;
                    }

                    @Override
                    public List<?> contents() {
                        return IntStream.of(rows).mapToObj(store::content).toList();
                    }
                };
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
            public Found of(List<String> captions) {
                List<String> distinct = captions.stream().distinct().toList();
                FloatMatrix computed = encoder.encode(distinct, Progress.Phase.NONE);
                if (distinct.size() == captions.size()) {
                    return Found.of(computed);
                }
                Map<String, Integer> rowOf = new HashMap<>();
                distinct.forEach(caption -> rowOf.put(caption, rowOf.size()));
                FloatMatrix vectors = FloatMatrix.allocate(captions.size(), size());
                for (int i = 0; i < captions.size(); i++) {
                    int row = Objects.requireNonNull(rowOf.get(captions.get(i)));
                    vectors.accept(i, computed.row(row));
                }
                return Found.of(vectors);
            }

            @Override
            public long bytes(int captions) {
                return FloatMatrix.bytes(captions, size());
            }

            @Override
            public long mappedBytes() {
                return encoder.llama().mappedBytes();
            }
        };
    }
}
