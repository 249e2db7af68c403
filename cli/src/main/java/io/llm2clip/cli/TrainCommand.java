package io.llm2clip.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code llm2clip train}. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Train on your own captions and images.",
        synopsisSubcommandLabel = "STAGE",
        commandListHeading = "%nStages:%n",
        footerHeading = "%nExample:%n",
        footer = "  llm2clip train caption my-images --out my-text")
final class TrainCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "Expected a stage, mntp, caption or clip.");
        }
    }
}
