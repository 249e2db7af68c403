package io.llm2clip.model;

import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.Embedding;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;

/** What the text towers of CLIP and SigLIP have in common: embedded tokens and positions, blocks, and a last normalization. */
final class TextTransformer {
    private final Embedding tokens;
    private final Parameter positions;
    private final List<ClipBlock> blocks;
    private final LayerNorm norm;

    TextTransformer(Scope model, TextTowerSizes sizes, Initializer token, Initializer position) {
        int width = sizes.hiddenSize();
        Scope embeddings = model.scope("embeddings");
        tokens = Embedding.create(embeddings.scope("token_embedding"), sizes.vocabularySize(), width, token);
        positions = embeddings.scope("position_embedding").create("weight", Shape.of(sizes.window(), width), position);
        blocks = ClipBlock.stack(
                model.scope("encoder"),
                sizes.layers(),
                width,
                sizes.heads(),
                sizes.intermediateSize(),
                sizes.activation(),
                sizes.layerNormEpsilon());
        norm = LayerNorm.create(model.scope("final_layer_norm"), width, sizes.layerNormEpsilon());
    }

    /** Rows as ids {@code [B, window]}, filled up with a token. */
    static TensorData ids(List<int[]> rows, int window, int fill) {
        int[] ids = new int[rows.size() * window];
        Arrays.fill(ids, fill);
        for (int b = 0; b < rows.size(); b++) {
            System.arraycopy(rows.get(b), 0, ids, b * window, rows.get(b).length);
        }
        return TensorData.ofInts(Shape.of(rows.size(), window), ids);
    }

    /**
     * The states before the last normalization, {@code [B, T, D]}.
     *
     * @param ids i32 {@code [B, T]} with T up to the window
     */
    Tensor states(Tensor ids, Sequences sequences, boolean causal) {
        return states(ids, positions.tensor().slice(0, 0, ids.shape().dim(1)), sequences, causal);
    }

    /**
     * The same with positions of the caller's.
     *
     * @param ids i32 {@code [..., T]}
     * @param positions {@code [T, D]}
     */
    Tensor states(Tensor ids, Tensor positions, Sequences sequences, boolean causal) {
        Tensor x = tokens.apply(ids).add(positions);
        for (ClipBlock block : blocks) {
            x = Blocks.apply(x, state -> block.apply(state, sequences, causal));
        }
        return x;
    }

    /** {@code [window, D]}. */
    Tensor positions() {
        return positions.tensor();
    }

    /** The last normalization of states {@code [..., D]}. */
    Tensor normalized(Tensor states) {
        return norm.apply(states);
    }
}
