package io.llm2clip.model;

/** Files that a model's tokenizer was read from, and is saved as. */
sealed interface TokenizerOrigin permits TokenizerFiles, TowerTokenizer {}
