package io.llm2clip.model;

/**
 * A language model as text encoder, and the adapter from its vectors to embeddings.
 *
 * @param llama the language model, with low-rank updates merged
 * @param adapter from caption vectors to embeddings
 * @param reading how the model reads a caption
 */
public record LanguageBranch(Llama llama, TextAdapter adapter, CaptionReading reading) implements TextBranch {

    public LanguageBranch {
        requireFit(llama.config(), adapter.config());
    }

    @Override
    public int embeddingSize() {
        return adapter.config().embeddingSize();
    }

    /** @throws IllegalArgumentException if sizes do not fit */
    static void requireFit(LlamaConfig llama, TextAdapter.Config adapter) {
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
    }
}
