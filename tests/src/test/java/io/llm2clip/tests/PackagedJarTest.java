package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The runnable jar as {@code mvn verify} packages it; a build that stops before packaging has nothing to run. */
class PackagedJarTest {
    private static final Path JAR = Path.of("..", "cli", "target", "llm2clip.jar");

    @BeforeEach
    void needsTheJar() {
        assumeTrue(Files.exists(JAR), "not packaged");
    }

    @Test
    void printsItsVersion() throws Exception {
        Result result = java("--add-modules", "jdk.incubator.vector", "-jar", JAR.toString(), "--version");
        assertThat(result.exitCode()).isZero();
        assertThat(result.output())
                .containsPattern("llm2clip \\d+\\.\\d+\\.\\S+ \\(Java "
                        + Runtime.version().feature());
    }

    @Test
    void namesTheMissingFlag() throws Exception {
        Result result = java("-jar", JAR.toString(), "--version");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.output())
                .startsWith("llm2clip needs the Vector API; ")
                .hasLineCount(1);
    }

    private record Result(int exitCode, String output) {}

    private static Result java(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }
}
