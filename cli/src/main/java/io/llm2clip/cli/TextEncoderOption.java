package io.llm2clip.cli;

import io.llm2clip.hub.HubPath;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The text encoder whose vectors stage 2 learns from. */
@HelpSection.In(HelpSection.INPUT)
final class TextEncoderOption {
    @Option(
            names = "--text",
            required = true,
            paramLabel = "PATH|NAME",
            description =
                    "The text encoder of 'train caption', the text directory of a model, a GGUF file of a language model, or the"
                            + " name of a text encoder on the Hub.")
    private String name = "";

    /** Its directory or file; of a name of the Hub, the directory in the cache. */
    Path path() {
        return HubPath.of(name);
    }
}
