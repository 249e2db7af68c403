package io.llm2clip.cli;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.report.Page;
import io.llm2clip.training.DivergedException;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunReport;
import io.llm2clip.training.run.StoppedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Whether the result is also written as a page. */
@HelpSection.In(HelpSection.OUTPUT)
final class ReportOption {
    @Option(
            names = "--report",
            paramLabel = "FILE.html",
            description =
                    "Write the result as one HTML page: figures, charts or searches, and all that is needed to get it again.")
    private @Nullable Path file;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    /** Refuses a place that cannot be written, before the work. */
    void require() {
        if (file == null) {
            return;
        }
        if (spec != null && !String.valueOf(file.getFileName()).endsWith(".html")) {
            throw new ParameterException(
                    spec.commandLine(), "Expected a file named *.html for --report, found '%s'.".formatted(file));
        }
        Path parent = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || parent == null || !Files.isDirectory(parent)) {
            throw new InputException("The report %s cannot be written: %s; choose another with --report."
                    .formatted(
                            file,
                            Files.isDirectory(file) ? "it is a folder" : "there is no folder %s".formatted(parent)));
        }
    }

    /** Writes the page if one is wanted. */
    void write(Supplier<Page> page, Terminal terminal) {
        if (file != null) {
            page.get().write(file);
            terminal.remark("The report is %s.".formatted(file));
        }
    }

    /** Trains until it is done or a signal stops it, tells what came of it, and writes the page of the run, also if it ends early. */
    <T> void train(Supplier<T> training, RunOptions run, Consumer<T> told, Terminal terminal) {
        StopSignals.run(
                run.stop(), terminal, () -> after(training, told, () -> RunReport.of(run.directory()), terminal));
    }

    /**
     * Trains, tells the result, which is then known even if the page cannot be written, and writes the page; that also if the training
     * ends early.
     */
    <T> T after(Supplier<T> training, Consumer<T> told, Supplier<Page> page, Terminal terminal) {
        T result;
        try {
            result = training.get();
        } catch (StoppedException | DivergedException e) {
            writeEarly(page, terminal);
            throw e;
        }
        told.accept(result);
        try {
            write(page, terminal);
        } catch (CheckpointException e) {
            throw new CheckpointException(
                    "What was trained is saved, but not its report: %s".formatted(e.getMessage()), e);
        }
        return result;
    }

    /** How the training ended is said whatever becomes of the page. */
    private void writeEarly(Supplier<Page> page, Terminal terminal) {
        try {
            write(page, terminal);
        } catch (CheckpointException e) {
            terminal.remark("The report is not written: %s".formatted(e.getMessage()));
        }
    }
}
