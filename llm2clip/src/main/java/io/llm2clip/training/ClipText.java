package io.llm2clip.training;

import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The text encoder of stage 2.
 *
 * @param encoder a text encoder, as {@link CaptionTrainingJob} writes it
 * @param vectors keeps the captions' vectors, so that another run on the same captions need not compute them
 * @param specialTokens how special tokens in captions are taken, by the model too; empty for what the text encoder says
 */
public record ClipText(Path encoder, Path vectors, Optional<SpecialTokens> specialTokens) {
    /** With special tokens in captions as the text encoder says. */
    public ClipText(Path encoder, Path vectors) {
        this(encoder, vectors, Optional.empty());
    }
}
