package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Shape;

/**
 * The networks of one LLM2CLIP model, whose sizes fit.
 *
 * @param description how they are used
 * @param llama the text encoder, with low-rank updates merged
 * @param adapter from caption vectors to embeddings
 * @param vision from pixels to embeddings
 * @param logitScale {@code []}, the logarithm of the factor of cosines
 */
public record Llm2ClipModel(
        ModelDescription description, Llama llama, TextAdapter adapter, VisionTower vision, Parameter logitScale) {
    /** {@code ln(1 / 0.07)}, CLIP's start. */
    private static final float INITIAL_LOGIT_SCALE = (float) Math.log(1 / 0.07);

    public Llm2ClipModel {
        requireFit(llama.config(), adapter.config(), vision.config());
    }

    /** @throws IllegalArgumentException if sizes do not fit */
    static void requireFit(LlamaConfig llama, TextAdapter.Config adapter, VisionConfig vision) {
        int captions = llama.hiddenSize();
        int expected = adapter.captionSize();
        if (captions != expected) {
            throw new IllegalArgumentException(
                    "The adapter expects caption vectors of %d channels, the text encoder gives %d; use a text encoder of hidden size %d%s."
                            .formatted(
                                    expected,
                                    captions,
                                    expected,
                                    PublishedPair.ofSize(expected)
                                            .map(pair -> ", such as " + pair.textEncoder())
                                            .orElse("")));
        }
        int texts = adapter.embeddingSize();
        int images = vision.projectionSize();
        if (texts != images) {
            throw new IllegalArgumentException(
                    "The adapter gives embeddings of %d channels, the vision tower of %d; use the adapter that was trained with this tower."
                            .formatted(texts, images));
        }
    }

    /** Creates the parameter {@code logit_scale} at {@code ln(1 / 0.07)}. */
    public static Parameter createLogitScale(Parameters owner) {
        return owner.root().create("logit_scale", Shape.SCALAR, Initializer.constant(INITIAL_LOGIT_SCALE));
    }
}
