package io.llm2clip.model;

/** What turns captions into embeddings: LLM2CLIP's language model with its adapter, or a text tower of the model's own. */
public sealed interface TextBranch permits LanguageBranch, TextTower {

    /** E, channels of an embedding. */
    int embeddingSize();
}
