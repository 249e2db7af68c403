package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.report.Page;
import io.llm2clip.training.run.StoppedException;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
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
                        page,
                        terminal))
                .hasMessage("broken");
        assertThat(file).doesNotExist();
        assertThatThrownBy(() -> training.report.after(
                        () -> {
                            throw new StoppedException("stopped");
                        },
                        page,
                        terminal))
                .hasMessage("stopped");
        assertThat(file).content().contains("verdict");
    }
}
