package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

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
        assertThat(help()).contains("embed", "train");
        for (String command : help()) {
            help(command);
        }
        for (String stage : help("train")) {
            help("train", stage);
        }
    }

    /** The commands that a command's help lists. */
    private static List<String> help(String... command) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("-XX:TieredStopAtLevel=1", "-jar", JAR.toString()));
        arguments.addAll(List.of(command));
        arguments.add("--help");
        Result result = java(arguments.toArray(String[]::new));
        assertThat(result.exitCode()).as("%s", result.output()).isZero();
        assertThat(result.output()).contains("Usage: llm2clip " + String.join(" ", command));
        return Pattern.compile("^(?:Commands|Stages):\\R((?: +\\S.*\\R?)+)", Pattern.MULTILINE)
                .matcher(result.output())
                .results()
                .flatMap(list -> list.group(1).lines())
                .filter(line -> line.matches("  \\S.*"))
                .map(line -> line.strip().split(" ")[0])
                .toList();
    }

    /** What the launcher's cache for help is made of. */
    @Test
    void rehearsesHelpWithoutTheVectorApi() throws Exception {
        Result result = java("-XX:TieredStopAtLevel=1", "-cp", JAR.toString(), "io.llm2clip.cli.HelpRehearsal");
        assertThat(result.exitCode()).isZero();
        assertThat(result.output()).contains("Usage: llm2clip embed", "Usage: llm2clip train clip");
    }

    /** What the launcher's cache of other runs is made of. */
    @Test
    void rehearsesARunOfTheEngine(@TempDir Path folder) throws Exception {
        Result result = java(
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                JAR.toString(),
                "io.llm2clip.cli.Rehearsal",
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

    /** Call sites of the program's own for strings would be linked each time that it starts. */
    @Test
    void noStringIsPutTogetherByACallSite() throws Exception {
        List<String> found = new ArrayList<>();
        try (JarFile jar = new JarFile(JAR.toFile())) {
            for (JarEntry entry : Collections.list(jar.entries())) {
                if (entry.getName().startsWith("io/llm2clip/")
                        && entry.getName().endsWith(".class")) {
                    byte[] bytes = jar.getInputStream(entry).readAllBytes();
                    if (new String(bytes, StandardCharsets.ISO_8859_1).contains("StringConcatFactory")) {
                        found.add(entry.getName());
                    }
                }
            }
        }
        assertThat(found).isEmpty();
    }

    /** Not even where it is refused while the native library is being unpacked. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void leavesNoTemporaryFilesWhenItIsRefused(@TempDir Path folder) throws Exception {
        Path image = Files.createFile(folder.resolve("empty.png"));
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        for (String option : List.of("--no-such-option", "--model=" + folder)) {
            Result result = java(
                    "--add-modules",
                    "jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-Djava.io.tmpdir=" + temporary,
                    "-jar",
                    JAR.toString(),
                    "similarity",
                    image.toString(),
                    "a kite",
                    option);
            assertThat(result.exitCode()).isNotZero();
            assertThat(result.output()).contains("error: ");
            assertThat(temporary).isEmptyDirectory();
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
