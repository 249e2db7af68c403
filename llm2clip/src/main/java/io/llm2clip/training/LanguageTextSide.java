package io.llm2clip.training;

/** The text side of a language model. */
sealed interface LanguageTextSide<C> extends TextSide<C> permits CachedTextSide, UpdatedTextSide {
    /** How many tensors {@link #embed} reads. */
    int inputs();
}
