package io.llm2clip.model;

import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Path;

/** A model of a language model, an adapter and a vision tower. */
sealed interface LanguageModelSource extends ModelSource permits SavedModel, PublishedModel {

    /** Directory or GGUF file of the text encoder, as {@link TextSource} opens it. */
    Path text();

    /** File of the adapter and {@code logit_scale}. */
    Path adapter();

    TextAdapter.Config adapterConfig();

    SpecialTokens specialTokens();

    /** How the text encoder of a tokenizer reads captions. */
    CaptionReading reading(Tokenizer tokenizer);
}
