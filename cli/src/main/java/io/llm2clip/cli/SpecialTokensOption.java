package io.llm2clip.cli;

import io.llm2clip.text.SpecialTokens;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What becomes of special tokens in captions. */
@HelpSection.In(HelpSection.INPUT)
final class SpecialTokensOption {
    @Option(
            names = "--parse-special-tokens",
            description =
                    "Take special tokens that are spelled out in a caption, such as <|eot_id|>, and LLM2CLIP's separator"
                            + " for what they are, as the reference implementation does. Without, captions are text, whatever they"
                            + " say, unless the model was trained with this option.")
    private boolean parse;

    /** Empty where the model decides. */
    Optional<SpecialTokens> choice() {
        return parse ? Optional.of(SpecialTokens.PARSED) : Optional.empty();
    }
}
