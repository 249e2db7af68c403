package io.llm2clip.model;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.kernels.DType;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.util.List;

/** The adapter over any number of caption vectors {@code [D]}: embeddings {@code [E]}, not normalized. */
public final class TextProjection implements AutoCloseable {
    private static final int BATCH = 64;

    private final BatchedFunction adapter;
    private final int embeddingSize;

    public TextProjection(TextAdapter adapter, Execution execution) {
        this.adapter = new BatchedFunction(in -> adapter.apply(in.getFirst()), execution);
        this.embeddingSize = adapter.config().embeddingSize();
    }

    /** Embeddings {@code [N, E]} of vectors {@code [N, D]}, in their order. */
    public FloatMatrix project(FloatMatrix vectors) {
        FloatMatrix embeddings = FloatMatrix.allocate(vectors.rows(), embeddingSize);
        project(vectors, embeddings);
        return embeddings;
    }

    /** The same into given memory. */
    public void project(FloatMatrix vectors, FloatMatrix embeddings) {
        adapter.run(
                Batches.of(vectors.rows(), BATCH),
                items -> List.of(rows(vectors, items[0], items.length)),
                embeddings,
                Progress.Phase.NONE);
    }

    /** Batches are of consecutive rows, which need not be copied. */
    private static TensorData rows(FloatMatrix vectors, int first, int count) {
        return new TensorData(
                Shape.of(count, vectors.columns()),
                DType.F32,
                vectors.slice(first, first + count).memory());
    }

    @Override
    public void close() {
        adapter.close();
    }
}
