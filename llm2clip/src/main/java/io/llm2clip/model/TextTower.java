package io.llm2clip.model;

import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;

/** A transformer that was trained together with a vision tower to embed captions of a bounded length. */
public sealed interface TextTower extends TextBranch permits ClipTextTower, SiglipTextTower, FgClip2TextTower {

    TextTowerSizes sizes();

    /** The longest row of tokens. */
    default int window() {
        return sizes().window();
    }

    /** Rows of the token embedding. */
    default int vocabularySize() {
        return sizes().vocabularySize();
    }

    @Override
    default int embeddingSize() {
        return sizes().projectionSize();
    }

    /** A caption as the tower's tokenizer takes it. */
    default String prepared(String caption) {
        return caption;
    }

    /**
     * Token rows in the form that {@link #embed} reads.
     *
     * @param rows with begin and end token, as far as the tower's tokenizer adds them, of at most {@link #window} tokens
     */
    List<TensorData> inputs(List<int[]> rows);

    /** Embeddings {@code [B, E]}, not normalized. */
    Tensor embed(List<Tensor> inputs);

    /** All parameters, in order of creation. */
    List<Parameter> parameters();

    /** The row's first tokens and its last one, which is the end token, at most {@link #window} in all. */
    default int[] cut(int[] row) {
        return cut(row, window());
    }

    /** The same with at most {@code length} in all. */
    static int[] cut(int[] row, int length) {
        if (row.length <= length) {
            return row;
        }
        int[] cut = Arrays.copyOf(row, length);
        cut[length - 1] = row[row.length - 1];
        return cut;
    }
}
