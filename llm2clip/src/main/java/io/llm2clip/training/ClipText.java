package io.llm2clip.training;

import io.llm2clip.model.TextTowerModel;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.Optional;

/** What reads the captions in stage 2. */
public sealed interface ClipText {

    /** How special tokens in captions are taken, by the model too; empty for what the text encoder says, else as text. */
    Optional<SpecialTokens> specialTokens();

    /** Where vectors of captions are kept, if they are. */
    default Optional<Path> vectors() {
        return switch (this) {
            case LanguageModel language ->
                language.reading instanceof Cached cached ? Optional.of(cached.store) : Optional.empty();
            case Tower _ -> Optional.empty();
            case Both both -> both.language.vectors();
        };
    }

    /**
     * A language model as text encoder, behind an adapter that is trained: LLM2CLIP.
     *
     * @param encoder a text encoder, as {@link CaptionTrainingJob} writes it
     * @param reading when it reads captions
     */
    record LanguageModel(Path encoder, Reading reading, Optional<SpecialTokens> specialTokens) implements ClipText {
        /** Before the training, with special tokens in captions as the text encoder says. */
        public LanguageModel(Path encoder, Path vectors) {
            this(encoder, new Cached(vectors), Optional.empty());
        }
    }

    /** When a language model reads captions, and whether it learns from them. */
    sealed interface Reading {}

    /**
     * All of them before the training.
     *
     * @param store keeps their vectors, so that another run on the same captions need not compute them
     */
    record Cached(Path store) implements Reading {}

    /** Those of each step, which takes no disk and, where there are many steps, longer. */
    record Online() implements Reading {}

    /** Those of each step, from which low-rank updates of the language model are learned, to be merged into the saved one. */
    record Updated(LoraSettings lora) implements Reading {}

    /**
     * A text tower that is trained along: the CLIP baseline.
     *
     * @param start what it begins with
     */
    record Tower(TowerStart start, Optional<SpecialTokens> specialTokens) implements ClipText {}

    /** The text tower that stage 2 begins with. */
    sealed interface TowerStart {}

    /** That of a CLIP or SigLIP, as {@link TextTowerModel#open} opens it. */
    record PublishedTower(Path path) implements TowerStart {}

    /** One of random weights, with a tokenizer that is learned from the captions. */
    record NewTower(TextTowerModel.Size size) implements TowerStart {}

    /**
     * Both, each with its own embeddings of a caption; the model is the language model's, that of the text tower lies within it, in {@code
     * clip/}.
     *
     * @param strategy what is contrasted, not {@link TextStrategy#REPLACE}
     */
    record Both(LanguageModel language, Tower tower, TextStrategy strategy) implements ClipText {
        public Both {
            if (strategy == TextStrategy.REPLACE) {
                throw new IllegalArgumentException(
                        "A text tower that the language model replaces; expected another strategy (--strategy), or one of the two.");
            }
        }

        @Override
        public Optional<SpecialTokens> specialTokens() {
            return language.specialTokens();
        }
    }
}
