package io.llm2clip.model;

/**
 * The networks of one model, whose sizes fit.
 *
 * @param description how they are used
 * @param text from captions to embeddings: a language model with an adapter, or a text tower
 * @param vision from pixels to embeddings
 * @param logits what is made of cosines
 */
public record Llm2ClipModel(ModelDescription description, TextBranch text, VisionTower vision, Logits logits) {

    public Llm2ClipModel {
        requireFit(text.embeddingSize(), vision.config());
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
}
