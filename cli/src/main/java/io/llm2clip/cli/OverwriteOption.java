package io.llm2clip.cli;

import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import picocli.CommandLine.Option;

/** What becomes of an earlier output. */
@HelpSection.In(HelpSection.OUTPUT)
final class OverwriteOption {
    @Option(
            names = "--overwrite",
            description = "Replace an earlier output of the same kind; a folder with other files is never replaced.")
    private boolean overwrite;

    Existing existing() {
        return overwrite ? Existing.REPLACE : Existing.REFUSE;
    }
}
