package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The runnable jar as {@code mvn verify} packages it; a build that stops before packaging has nothing to run. */
class PackagedJarTest {
    private static final Path JAR = Path.of("..", "cli", "target", "llm2clip.jar");
    private static final String REHEARSAL = "io.llm2clip.cli.Rehearsal";

    @BeforeEach
    void needsTheJar() {
        assumeTrue(Files.exists(JAR), "not packaged");
    }

    @Test
    void printsItsVersion() throws Exception {
        Result result = java("--add-modules", "jdk.incubator.vector", "-jar", JAR.toString(), "--version");
        assertThat(result.exitCode()).isZero();
        assertThat(result.output())
                .containsPattern("llm2clip \\d+\\.\\d+\\.[^ ,]+(, commit [0-9a-f]{12})? \\(Java "
                        + Runtime.version().feature());
    }

    @Test
    void namesTheMissingFlag() throws Exception {
        Result result = java("-jar", JAR.toString(), "devices");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.output())
                .startsWith("llm2clip needs the Vector API; ")
                .hasLineCount(1);
    }

    @Test
    void helpOfAllCommandsTakesNoVectorApi() throws Exception {
        Result result = java("-jar", JAR.toString(), "embed", "--help");
        assertThat(result.exitCode()).isZero();
        assertThat(result.output()).startsWith("Usage: llm2clip embed ");
        assertThat(java("-cp", JAR.toString(), REHEARSAL, "help").exitCode()).isZero();
    }

    /** What the launcher's caches are made of. */
    @Test
    void rehearsesARunOfTheEngine(@TempDir Path folder) throws Exception {
        Result result = java(
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                JAR.toString(),
                REHEARSAL,
                "engine",
                folder.toString());
        assertThat(result.exitCode()).isZero();
        assertThat(result.output()).contains("a red kite");
    }

    /** The JVM's caches take no class that is older than this form. */
    @Test
    void classesAreFitForCaches() throws Exception {
        try (JarFile jar = new JarFile(JAR.toFile());
                InputStream in = jar.getInputStream(jar.getEntry("picocli/CommandLine.class"))) {
            assertThat(ClassFile.of().parse(in.readAllBytes()).majorVersion())
                    .isGreaterThanOrEqualTo(ClassFile.JAVA_6_VERSION);
        }
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
