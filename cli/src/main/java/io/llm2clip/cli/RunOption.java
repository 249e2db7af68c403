package io.llm2clip.cli;

import io.llm2clip.nn.Limit;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.StopRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a training leaves behind while it runs, and whether it goes on from an earlier one. */
@HelpSection.In(HelpSection.OUTPUT)
final class RunOption {
    @Option(
            names = "--run",
            paramLabel = "DIR",
            description =
                    "Receives arguments, metrics and checkpoints while the training runs (default: OUT-run, by the"
                            + " name of the output).")
    private @Nullable Path directory;

    @Option(
            names = "--resume",
            description =
                    "Go on from the newest checkpoint of a training that was interrupted; all other options as before.")
    private boolean resume;

    @Within(Limit.COUNT_OR_NONE)
    @Option(
            names = "--save-every",
            paramLabel = "N",
            description =
                    "Steps between two checkpoints; 0 for none but at the end and when interrupted (default: ${DEFAULT-VALUE}).")
    private int saveEvery = 100;

    @Within(Limit.COUNT)
    @Option(
            names = "--keep",
            paramLabel = "N",
            description = "How many of the newest checkpoints are kept (default: ${DEFAULT-VALUE}).")
    private int keep = 2;

    @Within(Limit.COUNT_OR_NONE)
    @Option(
            names = "--eval-every",
            paramLabel = "N",
            description =
                    "Measure what is held out every N steps and keep the best model in best/ below the run's folder"
                            + " (default: only at the end).")
    private int evaluateEvery;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    /** For the output of a training. */
    RunOptions of(Path out, StopRequest stop) {
        List<String> command = new ArrayList<>();
        if (spec != null) {
            command.add("llm2clip");
            command.addAll(spec.root().commandLine().getParseResult().originalArgs());
        }
        return new RunOptions(
                directory == null ? RunOptions.directoryOf(out) : directory,
                resume,
                saveEvery,
                keep,
                evaluateEvery,
                command,
                stop);
    }
}
