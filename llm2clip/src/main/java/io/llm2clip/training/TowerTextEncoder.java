package io.llm2clip.training;

import io.llm2clip.model.ClipTextTower;
import io.llm2clip.tensor.CompiledFunction;
import java.util.Arrays;
import java.util.List;

/** A text tower over any number of token rows: embeddings {@code [E]}, not normalised. */
public final class TowerTextEncoder implements AutoCloseable {
    private static final int BATCH = 64;

    private final int window;
    private final CompiledFunction tower;

    public TowerTextEncoder(ClipTextTower tower) {
        this.window = tower.config().window();
        this.tower = new CompiledFunction(in -> List.of(tower.embed(in.get(0), in.get(1))));
    }

    /** Embeddings of rows, in their order; rows are cut to the window, the end token kept. */
    public float[][] encode(List<int[]> rows) {
        float[][] embeddings = new float[rows.size()][];
        for (int start = 0; start < rows.size(); start += BATCH) {
            List<int[]> batch = rows.subList(start, Math.min(rows.size(), start + BATCH)).stream()
                    .map(row -> TowerTextSide.cut(row, window))
                    .toList();
            float[] flat =
                    tower.run(TowerTextSide.inputs(batch, window)).getFirst().toFloats();
            int width = flat.length / batch.size();
            for (int i = 0; i < batch.size(); i++) {
                embeddings[start + i] = Arrays.copyOfRange(flat, i * width, (i + 1) * width);
            }
        }
        return embeddings;
    }

    @Override
    public void close() {
        tower.close();
    }
}
