package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.tensor.MemoryBlock;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

class Llm2ClipCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final CommandLine commandLine = Llm2ClipCommand.wholeCommandLine()
            .addSubcommand(new Fail())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err));

    @Test
    void printsVersionAndHelp() {
        assertThat(commandLine.execute("--version")).isZero();
        assertThat(out.toString()).startsWith("llm2clip ").contains("(Java " + Runtime.version());
        assertThat(commandLine.execute("--help")).isZero();
        assertThat(out.toString()).contains("Usage: llm2clip", "--verbose", "2     bad usage", "130   interrupted");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void badUsageIsTwoLinesAndExitCodeTwo() {
        assertThat(commandLine.execute("--no-such-option")).isEqualTo(2);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("error: Unknown option: '--no-such-option'\nTry 'llm2clip --help'.\n");
    }

    @ParameterizedTest
    @CsvSource({"failing, fail", "fial, fail", "simlarity, similarity", "demos, demo", "insp, inspect"})
    void aMisspelledCommandIsSuggested(String word, String suggestion) {
        assertThat(commandLine.execute(word)).isEqualTo(2);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines(
                        "error: Unknown command '%s'; did you mean '%s'?\nTry 'llm2clip --help'.\n"
                                .formatted(word, suggestion));
    }

    /** Asking for help does not make a command of a word that is none. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "search",
                "search --help",
                "--help search",
                "search x --json",
                "search -V",
                "d",
                "train search -h"
            })
    void anUnknownCommandIsBadUsage(String arguments) {
        assertThat(commandLine.execute(arguments.split(" "))).isEqualTo(2);
        assertThat(err.toString()).startsWith("error: Unknown command '").contains("'; expected one of ", ", ");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aHalfTypedCommandLineStillGetsItsHelp() {
        assertThat(commandLine.execute("similarity", "--help", "--no-such-option"))
                .isZero();
        assertThat(out.toString()).startsWith("Usage: llm2clip similarity");
    }

    @Test
    void shellsCompleteCommandsAndOptions() {
        assertThat(commandLine.execute("generate-completion")).isZero();
        assertThat(out.toString()).contains("complete -F", "similarity", "--device");
    }

    @Test
    void noCommandIsBadUsage() {
        assertThat(commandLine.execute()).isEqualTo(2);
        assertThat(err.toString()).startsWith("error: Expected a command.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-2", "abc", "100000"})
    void aSettingWithoutSenseIsBadUsage(String threads) {
        System.setProperty("llm2clip.threads", threads);
        try {
            assertThat(commandLine.execute("devices")).isEqualTo(2);
            assertThat(err.toString())
                    .startsWith("error: The system property llm2clip.threads is '" + threads + "', expected ");
            assertThat(commandLine.execute("devices", "--help")).isZero();
        } finally {
            System.clearProperty("llm2clip.threads");
        }
    }

    @Test
    void aMatrixUnitThatIsNotThereIsBadUsage() {
        System.setProperty("llm2clip.matrix", "abacus");
        try {
            assertThat(commandLine.execute("devices")).isEqualTo(2);
            assertThat(err.toString()).startsWith("error: No matrix unit 'abacus' on this machine; ");
        } finally {
            System.clearProperty("llm2clip.matrix");
        }
    }

    @Test
    void aFailureIsOneSentenceAndExitCodeOne() {
        assertThat(commandLine.execute("fail", "state")).isEqualTo(1);
        assertThat(err.toString()).isEqualToNormalizingNewlines("error: The file is missing.\n");
    }

    @Test
    void verboseShowsTheStackTrace() {
        assertThat(commandLine.execute("fail", "state", "--verbose")).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("error: The file is missing.")
                .contains("java.lang.IllegalStateException", "\tat io.llm2clip.cli.Llm2ClipCommandTest$Fail.call");
    }

    @Test
    void aFailureWithoutMessageIsOwnedUpTo() {
        assertThat(commandLine.execute("fail", "null")).isEqualTo(1);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("error: NullPointerException\nThis is a bug; --verbose shows where.\n");
    }

    @Test
    void runningOutOfMemoryNamesTheRemedy() {
        assertThat(commandLine.execute("fail", "memory")).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("error: Java ran out of memory (Java heap space); use smaller batches or set")
                .doesNotContain("\tat ");
    }

    /** A larger heap would leave less of what is missing. */
    @Test
    void theEngineSaysItselfWhatIsOutOfMemory() {
        assertThat(commandLine.execute("fail", "native")).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("error: No 1152921504.607 GB of memory for a test, ")
                .endsWith("use smaller batches or a smaller model." + System.lineSeparator())
                .doesNotContain("Xmx", "\tat ");
    }

    @Command(name = "fail")
    static final class Fail implements Callable<Integer> {
        @Parameters
        private String how = "";

        @Override
        public Integer call() {
            switch (how) {
                case "memory" -> throw new OutOfMemoryError("Java heap space");
                case "native" -> MemoryBlock.allocate(1L << 60, "a test").close();
                case "null" -> throw new NullPointerException();
                default -> throw new IllegalStateException("The file is missing.");
            }
            return 0;
        }
    }
}
