package io.llm2clip.model;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionKinds;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** A text tower over any number of captions. */
public final class TowerTextEncoder implements TextEncoder {
    private static final int BATCH = 64;

    private final TextTower tower;
    private final Function<String, int[]> tokens;
    private final int maxLength;
    private final BatchedFunction function;
    private long cut;

    /**
     * An encoder of captions.
     *
     * @param tokens ids of a caption with begin and end token, of any length; cut here, the end token kept last
     */
    public TowerTextEncoder(TextTower tower, Function<String, int[]> tokens, Execution execution) {
        this(tower, tokens, tower.window(), execution);
    }

    /**
     * The same for rows that are cut before they fill the window.
     *
     * @param maxLength tokens at most
     */
    TowerTextEncoder(TextTower tower, Function<String, int[]> tokens, int maxLength, Execution execution) {
        this.tower = tower;
        this.tokens = tokens;
        this.maxLength = maxLength;
        function = new BatchedFunction(tower::embed, execution);
    }

    /** Embeddings {@code [N, E]} of captions, in their order, not normalized. */
    public FloatMatrix encode(List<String> captions) {
        FloatMatrix embeddings = FloatMatrix.allocate(captions.size(), tower.embeddingSize());
        embed(captions, embeddings, Progress.Phase.NONE);
        return embeddings;
    }

    @Override
    public void embed(List<String> captions, FloatMatrix embeddings, Progress.Phase phase) {
        vectors(captions, embeddings, phase);
    }

    @Override
    public int vectorSize() {
        return tower.embeddingSize();
    }

    @Override
    public void vectors(List<String> captions, VectorTarget vectors, Progress.Phase phase) {
        List<int[]> rows = captions.stream().map(tokens).toList();
        cut += rows.stream().filter(row -> row.length > maxLength).count();
        function.run(
                Batches.of(rows.size(), BATCH),
                items -> tower.inputs(Arrays.stream(items)
                        .mapToObj(item -> TextTower.cut(rows.get(item), maxLength))
                        .toList()),
                vectors,
                phase);
    }

    @Override
    public CaptionKinds kinds(List<String> captions) {
        return CaptionKinds.of(captions.stream()
                .mapToInt(caption -> tokens.apply(caption).length)
                .toArray());
    }

    @Override
    public int maxLength() {
        return maxLength;
    }

    @Override
    public long cutCaptions() {
        return cut;
    }

    @Override
    public void close() {
        function.close();
    }
}
