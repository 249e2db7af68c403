package io.llm2clip.model;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;

/** What all vision transformers do with pixels and tokens before their blocks. */
final class Patches {
    private Patches() {}

    /**
     * The convolution of stride = kernel as a matrix product: pixels {@code [B, 3, S, S]} to {@code [B, N, C]}, patches row by
     * row.
     *
     * @param kernel {@code [C, 3, P, P]}
     */
    static Tensor embed(Tensor pixels, VisionConfig config, Parameter kernel) {
        int side = config.imageSize();
        if (!pixels.shape().equals(Shape.of(pixels.shape().dim(0), 3, side, side))) {
            throw new IllegalArgumentException(
                    "Pixels of shape %s for a vision tower of %d pixels; expected [batch, 3, %d, %d]."
                            .formatted(pixels.shape(), side, side, side));
        }
        int patch = config.patchSize();
        return pixels.patches(patch, patch, patch, 0)
                .reshape(-1, config.gridSide() * config.gridSide(), 3 * patch * patch)
                .matmulTransposed(kernel.tensor().reshape(config.hiddenSize(), -1));
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
