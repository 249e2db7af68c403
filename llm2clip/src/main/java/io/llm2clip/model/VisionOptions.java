package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a vision tower is opened, where that is not as its files say.
 *
 * @param imageSize side of the square input in pixels: position embeddings are interpolated
 * @param activation of the MLPs. Files without a configuration do not tell: OpenAI's layout means QuickGELU, as in OpenAI's and
 *     LLM2CLIP's models, Hugging Face's layout of SigLIP means GELU's approximation by tanh, and timm's what timm has for the
 *     model, which is GELU itself for most
 * @param embeddingSize channels of the embedding: a projection of another size than the stored one is drawn anew, to be trained
 */
public record VisionOptions(OptionalInt imageSize, Optional<Activation> activation, OptionalInt embeddingSize) {
    /** As the files say. */
    public static final VisionOptions STORED =
            new VisionOptions(OptionalInt.empty(), Optional.empty(), OptionalInt.empty());

    /** For images of another size. */
    public VisionOptions withImageSize(int pixels) {
        return new VisionOptions(OptionalInt.of(pixels), activation, embeddingSize);
    }

    /** With another activation. */
    public VisionOptions withActivation(Activation other) {
        return new VisionOptions(imageSize, Optional.of(other), embeddingSize);
    }

    /** With embeddings of another size. */
    public VisionOptions withEmbeddingSize(int channels) {
        return new VisionOptions(imageSize, activation, OptionalInt.of(channels));
    }

    VisionConfig apply(VisionConfig stored) {
        VisionConfig sized = imageSize.isPresent() ? stored.withImageSize(imageSize.getAsInt()) : stored;
        VisionConfig projected = embeddingSize.isPresent() ? sized.withProjectionSize(embeddingSize.getAsInt()) : sized;
        return activation.map(projected::withActivation).orElse(projected);
    }
}
