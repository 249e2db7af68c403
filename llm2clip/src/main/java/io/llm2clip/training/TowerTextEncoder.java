package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.model.BatchedFunction;
import io.llm2clip.model.Batches;
import io.llm2clip.model.ClipTextTower;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import java.util.Arrays;
import java.util.List;

/** A text tower over any number of token rows: embeddings {@code [E]}, not normalized. */
public final class TowerTextEncoder implements AutoCloseable {
    private static final int BATCH = 64;

    private final ClipTextTower.Config config;
    private final BatchedFunction tower;

    public TowerTextEncoder(ClipTextTower tower, Execution execution) {
        this.config = tower.config();
        this.tower = new BatchedFunction(in -> tower.embed(in.get(0), in.get(1)), execution);
    }

    /** Embeddings {@code [N, E]} of rows, in their order; rows are cut to the window, the end token kept. */
    public FloatMatrix encode(List<int[]> rows) {
        FloatMatrix embeddings = FloatMatrix.allocate(rows.size(), config.projectionSize());
        tower.run(
                Batches.of(rows.size(), BATCH),
                items -> TowerTextSide.inputs(
                        Arrays.stream(items)
                                .mapToObj(i -> TowerTextSide.cut(rows.get(i), config.window()))
                                .toList(),
                        config.window()),
                embeddings,
                Progress.Phase.NONE);
        return embeddings;
    }

    @Override
    public void close() {
        tower.close();
    }
}
