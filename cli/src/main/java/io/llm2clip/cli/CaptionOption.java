package io.llm2clip.cli;

import io.llm2clip.model.CaptionOptions;
import io.llm2clip.nn.Limit;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How captions are read. */
@HelpSection.In(HelpSection.INPUT)
final class CaptionOption {
    @Option(
            names = "--instruction",
            paramLabel = "TEXT",
            description =
                    "What the language model reads before each caption, such as \"Given a question, find pictures that answer"
                            + " it:\"; it is not pooled (default: none).")
    private String instruction = "";

    @Within(Limit.COUNT)
    @Option(
            names = "--max-length",
            paramLabel = "N",
            description =
                    "Tokens that are read of a caption with its template and instruction; longer ones are cut (default: the"
                            + " model's).")
    private @Nullable Integer maxLength;

    @Within(Limit.COUNT)
    @Option(
            names = "--max-caption-length",
            paramLabel = "N",
            description =
                    "Tokens of a caption alone; longer ones are shortened by whole words before they are cut (default: the model's).")
    private @Nullable Integer maxCaptionLength;

    CaptionOptions options() {
        return new CaptionOptions(instruction, optional(maxLength), optional(maxCaptionLength));
    }

    private static OptionalInt optional(@Nullable Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }
}
