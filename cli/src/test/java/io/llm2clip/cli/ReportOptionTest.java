package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.report.Page;
import io.llm2clip.training.run.StoppedException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class ReportOptionTest {
    @Command
    private static final class Training {
        @Mixin
        private ReportOption report = new ReportOption();

        @Mixin
        private Terminal terminal = new Terminal();
    }

    @TempDir
    private Path folder;

    @Test
    void aTrainingThatIsStoppedHasAReportAndOneThatFailsHasNone() {
        Path file = folder.resolve("report.html");
        Training training = new Training();
        new CommandLine(training).parseArgs("--report", file.toString());
        Supplier<Page> page = () -> new Page("title", "verdict");
        Terminal terminal = training.terminal;
        assertThatThrownBy(() -> training.report.after(
                        () -> {
                            throw new IllegalStateException("broken");
                        },
                        _ -> {},
                        page,
                        terminal))
                .hasMessage("broken");
        assertThat(file).doesNotExist();
        assertThatThrownBy(() -> training.report.after(
                        () -> {
                            throw new StoppedException("stopped");
                        },
                        _ -> {},
                        page,
                        terminal))
                .hasMessage("stopped");
        assertThat(file).content().contains("verdict");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void whatATrainingCameToIsSaidThoughItsReportHasNoRoom() throws IOException {
        Path file = Files.createSymbolicLink(folder.resolve("full.html"), Path.of("/dev/full"));
        Training training = new Training();
        StringWriter err = new StringWriter();
        new CommandLine(training).setErr(new PrintWriter(err)).parseArgs("--report", file.toString());
        Supplier<Page> page = () -> new Page("title", "verdict");
        assertThatThrownBy(() -> training.report.after(
                        () -> {
                            throw new StoppedException("stopped");
                        },
                        _ -> {},
                        page,
                        training.terminal))
                .hasMessage("stopped");
        assertThat(err.toString())
                .isEqualToNormalizingNewlines(
                        "The report is not written: " + file + ": cannot be written: No space left on device.\n");
        List<String> told = new ArrayList<>();
        assertThatThrownBy(() -> training.report.after(() -> "result", told::add, page, training.terminal))
                .hasMessage("What was trained is saved, but not its report: " + file
                        + ": cannot be written: No space left on device.");
        assertThat(told).containsExactly("result");
    }
}
