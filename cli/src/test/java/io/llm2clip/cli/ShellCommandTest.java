package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShellCommandTest {
    @Test
    void wordsAreQuotedWhereTheyNeedIt() {
        assertThat(ShellCommand.of(List.of("similarity", "a/b-c_1.png", "a red kite", "")))
                .isEqualTo("llm2clip similarity a/b-c_1.png \"a red kite\" \"\"");
    }

    @Test
    void aShellReadsTheWordsThatWereMeant() throws Exception {
        Path shell = Path.of("/bin/sh");
        assumeTrue(Files.isExecutable(shell), "no shell");
        List<String> words = List.of(
                "plain",
                "two words",
                "it's",
                "$HOME",
                "`id`",
                "\"quoted\"",
                "a\\b",
                "!!",
                "'",
                "*",
                "~",
                "#",
                "a;b",
                "Käfer");
        String command = ShellCommand.of(words).replaceFirst("^llm2clip", "printf '%s\\\\n'");
        Process process = new ProcessBuilder(shell.toString(), "-c", command).start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines())
                .containsExactlyElementsOf(words);
    }

    @Test
    void filesAreNamedFromWhereTheUserIs() {
        assertThat(ShellCommand.path(Path.of("").toAbsolutePath().resolve("runs/a.png")))
                .isEqualTo(Path.of("runs/a.png").toString());
        Path elsewhere = Path.of("").toAbsolutePath().getRoot().resolve("elsewhere.png");
        assertThat(ShellCommand.path(elsewhere)).isEqualTo(elsewhere.toString());
    }
}
