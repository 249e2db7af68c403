package io.llm2clip.training;

import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.TextModel;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The language model that stage 1 begins with. */
public sealed interface TextStart {
    /**
     * Opens it, or makes it.
     *
     * @param corpus that a tokenizer is learned from where there is none
     * @param tokenizer where that is written
     * @param seed of weights from scratch
     * @param specialTokens how special tokens in captions are taken; empty for what the language model says, else as text
     */
    TextModel open(
            List<String> corpus, Path tokenizer, long seed, Optional<SpecialTokens> specialTokens, Execution execution);

    /** Receives the language model as it is before stage 1, if asked for. */
    Optional<Path> saved();

    /** One that others have trained: a directory in Hugging Face's format, a GGUF file, or an adapter of PEFT. */
    record Pretrained(Path directory) implements TextStart {
        @Override
        public TextModel open(
                List<String> corpus,
                Path tokenizer,
                long seed,
                Optional<SpecialTokens> specialTokens,
                Execution execution) {
            return TextModel.open(directory, specialTokens, execution);
        }

        @Override
        public Optional<Path> saved() {
            return Optional.empty();
        }
    }

    /**
     * A tokenizer and a language model learned from the captions first.
     *
     * @param saved receives the language model as it is before stage 1, a text encoder like that after it, if asked for
     */
    record FromScratch(LlamaConfig model, LanguageModelTraining.Config training, Optional<Path> saved)
            implements TextStart {
        /** With nothing but the text encoder saved. */
        public FromScratch(LlamaConfig model, LanguageModelTraining.Config training) {
            this(model, training, Optional.empty());
        }

        @Override
        public TextModel open(
                List<String> corpus,
                Path tokenizer,
                long seed,
                Optional<SpecialTokens> specialTokens,
                Execution execution) {
            return TextModel.create(
                    model, seed, tokenizer, corpus.stream(), specialTokens.orElse(SpecialTokens.AS_TEXT), execution);
        }
    }
}
