package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs {@code bin/llm2clip} in a repository of its own, with a PATH that holds only what the test puts there. */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
    private static final String MAIN = "io.llm2clip.cli.Main";

    private static final List<String> TOOLS =
            List.of("bash", "env", "dirname", "readlink", "find", "grep", "head", "mkdir", "touch", "rm", "cp");

    private static final boolean MAC = OS.current() == OS.MAC;

    @TempDir
    private static Path tools;

    @TempDir
    private Path root;

    private Path path;
    private Path jar;

    @BeforeAll
    static void linkTools() throws IOException {
        for (String tool : TOOLS) {
            Files.createSymbolicLink(tools.resolve(tool), find(tool));
        }
    }

    @AfterAll
    static void unlinkTools() throws IOException {
        for (String tool : TOOLS) {
            Files.delete(tools.resolve(tool));
        }
    }

    @BeforeEach
    void makeRepository() throws IOException {
        Files.createDirectories(root.resolve("bin"));
        for (String script : List.of("llm2clip", "find-jdk", "start-cache")) {
            Files.copy(Path.of("..", "bin", script), root.resolve("bin").resolve(script));
            assertThat(root.resolve("bin").resolve(script).toFile().setExecutable(true))
                    .isTrue();
        }
        Files.writeString(root.resolve("pom.xml"), "");
        for (String module : List.of("kernels", "tensor", "nn", "llm2clip", "cli")) {
            Files.createDirectories(root.resolve(module).resolve("src/main"));
            Files.writeString(root.resolve(module).resolve("pom.xml"), "");
        }
        path = Files.createDirectory(root.resolve("path"));
        jar = root.resolve("cli/target/llm2clip.jar");
    }

    @Test
    void startsTheProgramWithItsFlags() throws Exception {
        writeJar(jar);
        Result result = run(Map.of("LLM2CLIP_JAVA_OPTIONS", "-Dtest=7 -Xmx64m"), "a b", "c");
        assertThat(result.out()).isEqualTo("a b|c vector=true test=7\n");
        assertThat(result.exitCode()).isEqualTo(2);
    }

    /** Which comes without the Vector API and what the JVM says about it; an option's value may look like help. */
    @Test
    void helpStartsWithoutWhatItDoesNotNeed() throws Exception {
        writeJar(jar);
        assertThat(run(Map.of(), "embed", "--help").out()).isEqualTo("embed|--help vector=false test=null\n");
        assertThat(run(Map.of(), "help", "embed").out()).isEqualTo("help|embed vector=false test=null\n");
        assertThat(run(Map.of(), "embed", "--text", "-h").out()).isEqualTo("embed|--text|-h vector=true test=null\n");
        assertThat(run(Map.of("LLM2CLIP_JAVA_OPTIONS", "-XX:+UseZGC"), "--help").exitCode())
                .isEqualTo(1);
    }

    @Test
    void aDamagedCacheOfStartsGoesUnnoticed() throws Exception {
        writeJar(jar);
        Path script = root.resolve("name");
        script(
                script,
                "set -eu; jar=%s; java_home=$JAVA_HOME; . %s; for for_help in '' 1; do place_cache; echo \"$cache_name\"; done"
                        .formatted(jar, root.resolve("bin/start-cache")));
        for (String name : run(script, Map.of()).out().lines().toList()) {
            Path cache = Files.writeString(root.resolve(name), "no cache at all\n".repeat(1000));
            Files.setLastModifiedTime(cache, Files.getLastModifiedTime(jar));
        }
        Map<String, String> folder = Map.of("LLM2CLIP_CACHE", root.toString());
        assertThat(run(folder, "a", "--help").out()).isEqualTo("a|--help vector=false test=null\n");
        assertThat(run(folder, "a").out()).isEqualTo("a vector=true test=null\n");
        assertThat(allErrors(folder, "a")).isEqualTo("WARNING: an error\nwithout an end of line\n");
        assertThat(allErrors(folder, "a", "--help")).isEqualTo("WARNING: an error\nwithout an end of line");
        try (Stream<Path> files = Files.list(root)) {
            assertThat(files.filter(file -> file.toString().endsWith(".lock"))).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"LC_ALL=C", "LC_ALL=POSIX", "LANG=C", "LC_CTYPE=C", "LANG=xx_XX.UTF-8", "X=y", "LC_ALL=C.UTF-8"})
    void argumentsAreUtf8WhateverTheLocale(String setting) throws Exception {
        assumeTrue(MAC || utf8LocaleExists(), "no UTF-8 locale");
        writeJar(jar);
        // The test's own JVM may be one that cannot pass such an argument on.
        Path script = path.resolve("umlaut");
        script(script, "exec bash '" + root.resolve("bin/llm2clip") + "' $'K\\xc3\\xa4fer' $'\\xf0\\x9f\\x90\\xb1'");
        Result result = run(
                script,
                Map.of(setting.substring(0, setting.indexOf('=')), setting.substring(setting.indexOf('=') + 1)));
        assertThat(result.out()).startsWith("K\\u00e4fer|\\ud83d\\udc31 vector=true");
    }

    private static boolean utf8LocaleExists() throws Exception {
        Process locales = new ProcessBuilder("locale", "-a").start();
        try (var lines = locales.inputReader()) {
            return lines.lines().anyMatch(line -> line.matches("(?i).*utf-?8"));
        }
    }

    /** The JVM writes its notice before any code of the program runs; everything else it says gets through. */
    @Test
    void standardErrorIsTheProgramsAlone() throws Exception {
        writeJar(jar);
        assertThat(allErrors(Map.of(), "a")).isEqualTo("WARNING: an error\nwithout an end of line\n");
        assertThat(allErrors(Map.of("LLM2CLIP_JAVA_OPTIONS", "-Xmx1x"), "a")).startsWith("Invalid maximum heap size");
        assertThat(allErrors(Map.of("JAVA_TOOL_OPTIONS", "-Da=b"), "a"))
                .startsWith("Picked up JAVA_TOOL_OPTIONS: -Da=b\nWARNING: an error");
    }

    /** Without a detour, so that nothing is missing or out of order when the program has ended. */
    @Test
    void thePackagedProgramWritesToStandardErrorItself() throws Exception {
        Path packaged = Path.of("..", "cli", "target", "llm2clip.jar").toAbsolutePath();
        assumeTrue(Files.exists(packaged), "not packaged");
        Files.createDirectories(jar.getParent());
        Files.createSymbolicLink(jar, packaged);
        Result result = run(Map.of(), "--no-such-option");
        Files.delete(jar);
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).isEqualTo("error: Unknown option: '--no-such-option'\nTry 'llm2clip --help'.\n");
    }

    /** Services run with the signal of closed pipes ignored; then writing to one is an error that shells speak of. */
    @Test
    void searchingForAJdkSaysNothingWhereBrokenPipesAreNoSignal() throws Exception {
        writeJar(jar);
        Path script = root.resolve("service");
        script(script, "trap '' PIPE; exec \"$(dirname \"$0\")/bin/llm2clip\" \"$@\" 2>&1");
        Result result = run(script, Map.of("LLM2CLIP_JDK_FOLDERS", "/no-such-folder-here:".repeat(4000)), "a");
        assertThat(result.out()).startsWith("a vector=true").doesNotContain("write error");
    }

    @Test
    void closedStandardErrorIsNobodysFile() throws Exception {
        writeJar(jar);
        Path script = root.resolve("closed");
        script(script, "exec \"$(dirname \"$0\")/bin/llm2clip\" \"$@\" 2>&-");
        Result result = run(script, Map.of(), "a");
        assertThat(result.out()).startsWith("a vector=true");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).isEmpty();
    }

    @Test
    void startsThroughASymbolicLink() throws Exception {
        writeJar(jar);
        Path link = Files.createSymbolicLink(path.resolve("linked"), Path.of("../bin/llm2clip"));
        Result result = run(link, Map.of(), "x");
        assertThat(result.out()).startsWith("x vector=true");
    }

    @Test
    void buildsWhenSourcesAreNewer() throws Exception {
        writeJar(root.resolve("prepared.jar"));
        script(
                path.resolve("mvn"),
                "echo \"$@\" >> mvn.log; mkdir -p cli/target; cp prepared.jar cli/target/llm2clip.jar");
        assertThat(run(Map.of()).err()).startsWith("llm2clip: building");
        assertThat(run(Map.of()).err()).doesNotContain("building");
        Path source = Files.writeString(root.resolve("nn/src/main/Layer.java"), "");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));
        Files.setLastModifiedTime(jar, FileTime.from(Instant.now()));
        assertThat(run(Map.of()).err()).startsWith("llm2clip: building");
        assertThat(root.resolve("mvn.log")).content().hasLineCount(2);
    }

    @Test
    void aFailedBuildShowsItsErrors() throws Exception {
        script(path.resolve("mvn"), "echo '[INFO] noise'; echo '[ERROR] Layer.java:3 is wrong'; exit 1");
        Result result = run(Map.of());
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err())
                .contains("[ERROR] Layer.java:3 is wrong\nerror: the build failed; see ")
                .doesNotContain("noise");
    }

    @Test
    void withoutMavenOneSentenceSaysSo() throws Exception {
        Result result = run(Map.of());
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err())
                .isEqualTo("error: llm2clip is built with Maven, and mvn is not on the PATH; "
                        + "install it (apt install maven, brew install maven or 'sdk install maven').\n");
    }

    @Test
    void withoutAJdkOneSentenceSaysSo() throws Exception {
        Result result = run(Map.of("JAVA_HOME", "/none"));
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err())
                .isEqualTo("error: llm2clip needs a JDK 25.0.3 or newer and found none; "
                        + "install one (https://adoptium.net or 'sdk install java') or point JAVA_HOME at it.\n");
    }

    @ParameterizedTest
    @CsvSource({
        "17.0.15, false",
        "25, false",
        "25-ea, false",
        "25.0.2, false",
        "25.0.3, true",
        "25.0.3_9, true",
        "25.0.10, true",
        "25.1, true",
        "26-ea, true",
        "100.0.1, true",
        "unknown, false"
    })
    void choosesAJdkByItsReleaseFile(String version, boolean accepted) throws Exception {
        writeJar(jar);
        Path folder = root.resolve("jdks");
        Path home = Files.createDirectories(folder.resolve("jdk of tests"));
        Files.createDirectory(home.resolve("bin"));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"%s\"\n".formatted(version));
        script(home.resolve("bin/javac"), "exit 9");
        script(home.resolve("bin/java"), "echo chosen");
        Result result = run(Map.of("JAVA_HOME", "", "LLM2CLIP_JDK_FOLDERS", "/none:" + folder));
        assertThat(result.out()).isEqualTo(accepted ? "chosen\n" : "");
        assertThat(result.exitCode()).isEqualTo(accepted ? 0 : 2);
    }

    private record Result(int exitCode, String out, String err) {}

    private Result run(Map<String, String> environment, String... arguments) throws Exception {
        return run(root.resolve("bin/llm2clip"), environment, arguments);
    }

    private Result run(Path script, Map<String, String> environment, String... arguments) throws Exception {
        Path out = root.resolve("out");
        Path err = root.resolve("err");
        int exitCode = process(script, environment, arguments)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();
        return new Result(exitCode, Files.readString(out), Files.readString(err));
    }

    /** What comes on standard error until nobody has it open any more. */
    private String allErrors(Map<String, String> environment, String... arguments) throws Exception {
        Process process = process(root.resolve("bin/llm2clip"), environment, arguments)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private ProcessBuilder process(Path script, Map<String, String> environment, String... arguments) {
        ProcessBuilder builder = new ProcessBuilder(
                Stream.concat(Stream.of(tools.resolve("bash").toString(), script.toString()), Stream.of(arguments))
                        .toList());
        Map<String, String> variables = new HashMap<>(Map.of(
                "PATH",
                path + ":" + tools,
                "JAVA_HOME",
                System.getProperty("java.home"),
                "LLM2CLIP_JDK_FOLDERS",
                "",
                "LLM2CLIP_CACHE",
                ""));
        variables.putAll(environment);
        builder.environment().clear();
        builder.environment().putAll(variables);
        return builder.directory(root.toFile());
    }

    private static Path find(String tool) {
        return Stream.of("/bin", "/usr/bin", "/usr/local/bin")
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow();
    }

    private static void script(Path file, String body) throws IOException {
        Files.writeString(file, "#!/usr/bin/env bash\n" + body + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    /** A class of the program's name for it, which calls {@link EchoMain}. */
    private static byte[] entryPoint() {
        ClassDesc echo = ClassDesc.of(EchoMain.class.getName());
        MethodTypeDesc main = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String.arrayType());
        return ClassFile.of()
                .build(
                        ClassDesc.of(MAIN),
                        type -> type.withMethodBody(
                                "main",
                                main,
                                ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                                code -> code.aload(0)
                                        .invokestatic(echo, "main", main)
                                        .return_()));
    }

    private static void writeJar(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, MAIN);
        String echo = EchoMain.class.getName().replace('.', '/') + ".class";
        try (OutputStream out = Files.newOutputStream(file);
                JarOutputStream jarFile = new JarOutputStream(out, manifest);
                var bytes = EchoMain.class.getClassLoader().getResourceAsStream(echo)) {
            jarFile.putNextEntry(new JarEntry(echo));
            bytes.transferTo(jarFile);
            jarFile.putNextEntry(new JarEntry(MAIN.replace('.', '/') + ".class"));
            jarFile.write(entryPoint());
        }
    }
}
