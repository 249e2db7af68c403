package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher's cache, with a Java that writes down how it is started and makes a cache of one line. */
@DisabledOnOs(OS.WINDOWS)
class StartCacheTest {
    private static final String JAVA = """
            #!/usr/bin/env bash
            echo "$*" >>"%1$s/log"
            for argument in "$@"; do
                case "$argument" in
                    -XX:ArchiveClassesAtExit=* | -XX:AOTCacheOutput=*) %2$s; echo cache >"${argument#*=}"; exit 0 ;;
                esac
            done
            """;

    @TempDir
    private Path root;

    private Path jar;
    private Path home;
    private Path log;

    @BeforeEach
    void makeRepository() throws IOException {
        Files.createDirectories(root.resolve("bin"));
        for (String script : List.of("llm2clip", "find-jdk", "start-cache")) {
            Files.copy(Path.of("..", "bin", script), root.resolve("bin").resolve(script));
        }
        pom(root);
        for (String module : List.of("kernels", "tensor", "nn", "llm2clip", "cli")) {
            Files.createDirectories(root.resolve(module).resolve("src/main"));
            pom(root.resolve(module));
        }
        jar = root.resolve("cli/target/llm2clip.jar");
        Files.createDirectories(jar.getParent());
        Files.writeString(jar, "");
        home = root.resolve("a jdk");
        log = root.resolve("log");
        java("25.0.3+9", ":");
    }

    /** Older than any jar here, so that nothing is to be built. */
    private static void pom(Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("pom.xml"), "");
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
    }

    @Test
    void isMadeOnceAndUsed() throws Exception {
        assertThat(start("embed")).doesNotContain("SharedArchiveFile");
        awaitCaches(jar.getParent(), 1);
        assertThat(start("embed")).contains("--add-modules").contains("-XX:SharedArchiveFile=" + jar.getParent());
        assertThat(made()).isEqualTo(1);
    }

    @Test
    void ofHelpIsOneOfItsOwn() throws Exception {
        start("embed");
        awaitCaches(jar.getParent(), 1);
        assertThat(start("--help")).doesNotContain("Cache").doesNotContain("SharedArchiveFile");
        awaitCaches(jar.getParent(), 2);
        assertThat(start("embed", "--help"))
                .doesNotContain("--add-modules")
                .contains("-XX:AOTCache=" + jar.getParent())
                .doesNotContain("SharedArchiveFile");
        assertThat(start("embed"))
                .contains("-XX:SharedArchiveFile=" + jar.getParent())
                .doesNotContain("AOTCache");
        assertThat(made()).isEqualTo(2);
    }

    /** As by a Java that leaves the writing to a second one, which fails. */
    @Test
    void ofWhichNothingIsWrittenIsNone() throws Exception {
        java("25.0.3+9", "exit 0");
        start("--help");
        awaitMade(1);
        assertThat(start("--help")).doesNotContain("AOTCache");
        assertThat(made()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {-60, 60})
    void ofAnotherJarIsMadeAnew(long seconds) throws Exception {
        start("embed");
        awaitCaches(jar.getParent(), 1);
        Files.setLastModifiedTime(
                jar, FileTime.from(Files.getLastModifiedTime(jar).toInstant().plusSeconds(seconds)));
        assertThat(start("embed")).doesNotContain("SharedArchiveFile");
        awaitMade(2);
        awaitCaches(jar.getParent(), 1);
    }

    @Test
    void ofAnotherJavaIsMadeAnew() throws Exception {
        start("embed");
        awaitCaches(jar.getParent(), 1);
        java("25.0.4+7", ":");
        assertThat(start("embed")).doesNotContain("SharedArchiveFile");
        awaitCaches(jar.getParent(), 2);
        assertThat(start("embed")).contains("25.0.4+7.jsa");
    }

    @Test
    void runsAtTheSameTimeMakeOne() throws Exception {
        java("25.0.3+9", "sleep 1");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(process(Map.of(), "embed").start());
        }
        for (Process process : processes) {
            assertThat(process.waitFor()).isZero();
        }
        awaitCaches(jar.getParent(), 1);
        assertThat(made()).isEqualTo(1);
    }

    /** Such as by a Java that has no such caches: tried again after a while, not in every run. */
    @Test
    void whoseMakingFailsIsMadeLater() throws Exception {
        java("25.0.3+9", "exit 1");
        start("embed");
        awaitMade(1);
        assertThat(start("embed")).doesNotContain("SharedArchiveFile");
        assertThat(start("embed")).doesNotContain("SharedArchiveFile");
        assertThat(made()).isEqualTo(1);
        java("25.0.3+9", ":");
        try (Stream<Path> files = Files.list(jar.getParent())) {
            Path lock = files.filter(file -> file.toString().endsWith(".lock"))
                    .findFirst()
                    .orElseThrow();
            Files.setLastModifiedTime(lock, FileTime.from(Instant.now().minus(Duration.ofMinutes(12))));
        }
        start("embed");
        awaitCaches(jar.getParent(), 1);
    }

    @Test
    void liesWhereTheUserWants() throws Exception {
        Path folder = root.resolve("caches/of mine");
        start(Map.of("LLM2CLIP_CACHE", folder.toString()), "embed");
        awaitCaches(folder, 1);
        assertThat(start(Map.of("LLM2CLIP_CACHE", folder.toString()), "embed"))
                .contains("-XX:SharedArchiveFile=" + folder);
        assertThat(start(Map.of("LLM2CLIP_CACHE", ""), "embed")).doesNotContain("SharedArchiveFile");
        assertThat(start(Map.of("LLM2CLIP_CACHE", "/dev/null/nowhere"), "embed"))
                .doesNotContain("SharedArchiveFile");
        try (Stream<Path> files = Files.list(jar.getParent())) {
            assertThat(files).containsExactly(jar);
        }
    }

    @Test
    void liesInTheUsersFolderWhereNobodyMayWriteBesideTheJar() throws Exception {
        // For root, too: no folder can be made below a file.
        Files.delete(root.resolve("bin/start-cache"));
        Files.writeString(
                root.resolve("bin/start-cache"),
                Files.readString(Path.of("../bin/start-cache")).replace("\"${jar%/*}\"", "\"$jar/below\""));
        start(Map.of("HOME", root.toString()), "embed");
        awaitCaches(root.resolve(".cache/llm2clip"), 1);
        assertThat(start(Map.of("HOME", root.toString()), "embed"))
                .contains("-XX:SharedArchiveFile=" + root.resolve(".cache/llm2clip"));
    }

    @Test
    void givesWayToTheUsersOwn() throws Exception {
        start("embed");
        awaitCaches(jar.getParent(), 1);
        for (String option : List.of("-Xshare:off", "-XX:SharedArchiveFile=x.jsa", "-XX:AOTCache=y.aot")) {
            assertThat(start(Map.of("LLM2CLIP_JAVA_OPTIONS", option), "embed"))
                    .contains(option)
                    .doesNotContain("SharedArchiveFile=" + jar.getParent());
        }
        assertThat(start(Map.of("LLM2CLIP_JAVA_OPTIONS", "-Xmx8g"), "embed"))
                .contains("SharedArchiveFile=" + jar.getParent());
    }

    private void java(String version, String making) throws IOException {
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(home.resolve("bin/java"), JAVA.formatted(root, making));
        Files.writeString(home.resolve("bin/javac"), "");
        Files.writeString(
                home.resolve("release"),
                "IMPLEMENTOR=\"Some One\"\nJAVA_RUNTIME_VERSION=\"%s\"\nJAVA_VERSION=\"%s\"\n"
                        .formatted(version, version.substring(0, version.indexOf('+'))));
        for (String program : List.of("java", "javac")) {
            assertThat(home.resolve("bin").resolve(program).toFile().setExecutable(true))
                    .isTrue();
        }
    }

    private String start(String... arguments) throws Exception {
        return start(Map.of(), arguments);
    }

    /** How the program was started. */
    private String start(Map<String, String> environment, String... arguments) throws Exception {
        assertThat(process(environment, arguments).start().waitFor()).isZero();
        return Files.readAllLines(log).stream()
                .filter(line -> !isMaking(line))
                .toList()
                .getLast();
    }

    private ProcessBuilder process(Map<String, String> environment, String... arguments) {
        ProcessBuilder builder = new ProcessBuilder(
                Stream.concat(Stream.of("bash", root.resolve("bin/llm2clip").toString()), Stream.of(arguments))
                        .toList());
        Map<String, String> variables = new HashMap<>(
                Map.of("PATH", System.getenv("PATH"), "JAVA_HOME", home.toString(), "LLM2CLIP_JDK_FOLDERS", ""));
        variables.putAll(environment);
        builder.environment().clear();
        builder.environment().putAll(variables);
        return builder.directory(root.toFile())
                .redirectErrorStream(true)
                .redirectOutput(root.resolve("out").toFile());
    }

    private long made() throws IOException {
        return Files.readAllLines(log).stream().filter(StartCacheTest::isMaking).count();
    }

    private static boolean isMaking(String line) {
        return line.contains("ArchiveClassesAtExit") || line.contains("AOTCacheOutput");
    }

    private void awaitMade(int count) throws Exception {
        for (Instant end = Instant.now().plusSeconds(30); made() < count; Thread.sleep(20)) {
            assertThat(Instant.now()).isBefore(end);
        }
    }

    private static void awaitCaches(Path folder, int count) throws Exception {
        for (Instant end = Instant.now().plusSeconds(30); caches(folder) < count; Thread.sleep(20)) {
            assertThat(Instant.now()).isBefore(end);
        }
    }

    private static long caches(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<String> names =
                    files.map(file -> file.getFileName().toString()).toList();
            return names.stream().anyMatch(name -> name.endsWith(".lock"))
                    ? 0
                    : names.stream()
                            .filter(name -> name.endsWith(".jsa") || name.endsWith(".aot"))
                            .count();
        }
    }
}
