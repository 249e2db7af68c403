package io.llm2clip.training.run;

import io.llm2clip.nn.Limit;
import java.nio.file.Path;
import java.util.List;

/**
 * What a training leaves behind while it runs.
 *
 * @param directory receives arguments, metrics and checkpoints
 * @param resume whether to go on from the newest checkpoint in {@code directory}
 * @param saveEvery steps between two checkpoints; 0 for none but those at the end of a phase and when the training is stopped
 * @param keep how many of the newest checkpoints stay
 * @param evaluateEvery steps between two measurements on held-out data, of which the best model is kept; 0 for none
 * @param command as it was given, for the record; empty outside of a command line
 * @param stop may ask the training to stop
 */
public record RunOptions(
        Path directory,
        boolean resume,
        int saveEvery,
        int keep,
        int evaluateEvery,
        List<String> command,
        StopRequest stop) {
    public RunOptions {
        Limit.COUNT_OR_NONE.require("saveEvery", saveEvery);
        Limit.COUNT.require("keep", keep);
        Limit.COUNT_OR_NONE.require("evaluateEvery", evaluateEvery);
        command = List.copyOf(command);
    }

    /** A new run in the folder beside a model that is named after it: every 100 steps a checkpoint, of which two stay, and no measurements. */
    public static RunOptions beside(Path model) {
        return new RunOptions(directoryOf(model), false, 100, 2, 0, List.of(), new StopRequest());
    }

    /** {@code MODEL-run}. */
    public static Path directoryOf(Path model) {
        Path whole = model.toAbsolutePath().normalize();
        Path name = whole.getFileName();
        return name == null ? whole.resolve("run") : model.resolveSibling(name + "-run");
    }
}
