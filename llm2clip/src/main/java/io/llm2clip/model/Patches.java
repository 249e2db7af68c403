package io.llm2clip.model;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What all vision transformers do with pixels and tokens before their blocks. */
final class Patches {
    private Patches() {}

    /**
     * The convolution of stride = kernel as a matrix product: pixels {@code [B, 3, S, S]} to {@code [B, N, C]}, patches row by
     * row, or only those that {@link VisionInputs} name.
     *
     * @param kernel {@code [C, 3, P, P]}
     */
    static Tensor embed(List<Tensor> inputs, VisionConfig config, Parameter kernel) {
        Tensor pixels = inputs.getFirst();
        int side = config.imageSize();
        if (!pixels.shape().equals(Shape.of(pixels.shape().dim(0), 3, side, side))) {
            throw new IllegalArgumentException(
                    "Pixels of shape %s for a vision tower of %d pixels; expected [batch, 3, %d, %d]."
                            .formatted(pixels.shape(), side, side, side));
        }
        int patch = config.patchSize();
        Tensor patches = pixels.patches(patch, patch, patch, 0).reshape(-1, 3 * patch * patch);
        Tensor seen = drops(inputs) ? patches.gather(inputs.get(1)) : patches;
        return seen.reshape(pixels.shape().dim(0), -1, 3 * patch * patch)
                .matmulTransposed(kernel.tensor().reshape(config.hiddenSize(), -1));
    }

    /**
     * The position embeddings of tokens {@code [B, T, C]}, or of those of any batch.
     *
     * @param all of class token and patches, T C elements
     */
    static Tensor positions(List<Tensor> inputs, Tensor tokens, Parameter all) {
        return drops(inputs)
                ? all.tensor()
                        .reshape(-1, tokens.shape().dim(2))
                        .gather(inputs.get(2))
                        .reshape(tokens.shape())
                : all.tensor();
    }

    /** The angles of the same tokens. */
    static @Nullable RotaryTable angles(List<Tensor> inputs, @Nullable RotaryTable all) {
        return all != null && drops(inputs) ? all.at(inputs.get(2)) : all;
    }

    /** Whether a batch is seen in part. */
    private static boolean drops(List<Tensor> inputs) {
        return inputs.size() > 1;
    }

    /** {@code [B, 1 + N, C]}: the class token {@code [C elements]} in front of the patches. */
    static Tensor prependClass(Tensor patches, Parameter classToken) {
        int batch = patches.shape().dim(0);
        int width = patches.shape().dim(2);
        Tensor first = classToken.tensor().reshape(1, 1, width).expand(Shape.of(batch, 1, width));
        return Tensor.concat(1, List.of(first, patches));
    }

    /** Rows without padding. */
    static Sequences sequences(Tensor tokens) {
        int[] lengths = new int[tokens.shape().dim(0)];
        Arrays.fill(lengths, tokens.shape().dim(1));
        return new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(lengths.length), lengths)));
    }
}
