package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Shape;
import java.util.Optional;

/**
 * The networks of one model, whose sizes fit.
 *
 * @param description how they are used
 * @param text from captions to embeddings: a language model with an adapter, or a text tower
 * @param vision from pixels to embeddings
 * @param logitScale {@code []}, the logarithm of the factor of cosines
 * @param logitBias {@code []}, what is added to the scaled cosines; SigLIP's models have it
 */
public record Llm2ClipModel(
        ModelDescription description,
        TextBranch text,
        VisionTower vision,
        Parameter logitScale,
        Optional<Parameter> logitBias) {
    /** {@code ln(1 / 0.07)}, CLIP's start. */
    private static final float INITIAL_LOGIT_SCALE = (float) Math.log(1 / 0.07);

    public Llm2ClipModel {
        requireFit(text.embeddingSize(), vision.config());
    }

    /** One of a language model, as LLM2CLIP trains. */
    public Llm2ClipModel(ModelDescription description, LanguageBranch text, VisionTower vision, Parameter logitScale) {
        this(description, text, vision, logitScale, Optional.empty());
    }

    /**
     * The language model and its adapter.
     *
     * @throws IllegalArgumentException if the model has a text tower of its own instead
     */
    public LanguageBranch language() {
        return switch (text) {
            case LanguageBranch language -> language;
            case TextTower _ ->
                throw new IllegalArgumentException(
                        "The model has a text tower of its own, no language model and no adapter; use an LLM2CLIP model, or train one from its vision tower with 'train clip --vision'.");
        };
    }

    /** @throws IllegalArgumentException if sizes do not fit */
    static void requireFit(int texts, VisionConfig vision) {
        int images = vision.projectionSize();
        if (texts != images) {
            throw new IllegalArgumentException(
                    "The text branch gives embeddings of %d channels, the vision tower of %d; use the adapter or text tower that was trained with this vision tower."
                            .formatted(texts, images));
        }
    }

    /** Creates the parameter {@code logit_bias}, at 0. */
    static Parameter createLogitBias(Parameters owner) {
        return owner.root().create("logit_bias", Shape.SCALAR, Initializer.zeros());
    }

    /** Creates the parameter {@code logit_scale} at {@code ln(1 / 0.07)}. */
    public static Parameter createLogitScale(Parameters owner) {
        return owner.root().create("logit_scale", Shape.SCALAR, Initializer.constant(INITIAL_LOGIT_SCALE));
    }
}
