package io.llm2clip.model;

import io.llm2clip.tensor.CompiledFunction;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;

/** The adapter over any number of caption vectors {@code [D]}: embeddings {@code [E]}, not normalised. */
public final class TextProjection implements AutoCloseable {
    private static final int BATCH = 64;

    private final CompiledFunction adapter;

    public TextProjection(TextAdapter adapter) {
        this.adapter = new CompiledFunction(in -> List.of(adapter.apply(in.getFirst())));
    }

    /** Embeddings of vectors, in their order. */
    public float[][] project(float[][] vectors) {
        float[][] embeddings = new float[vectors.length][];
        for (int start = 0; start < vectors.length; ) {
            int count = Batches.next(vectors.length - start, BATCH);
            int width = vectors[start].length;
            float[] batch = new float[count * width];
            for (int i = 0; i < count; i++) {
                System.arraycopy(vectors[start + i], 0, batch, i * width, width);
            }
            float[] flat = adapter.run(List.of(TensorData.of(Shape.of(count, width), batch)))
                    .getFirst()
                    .toFloats();
            int size = flat.length / count;
            for (int i = 0; i < count; i++) {
                embeddings[start + i] = Arrays.copyOfRange(flat, i * size, (i + 1) * size);
            }
            start += count;
        }
        return embeddings;
    }

    @Override
    public void close() {
        adapter.close();
    }
}
