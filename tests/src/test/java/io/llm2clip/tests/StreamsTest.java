package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The program between pipes, full devices and foreign locales, as a shell starts it. */
@DisabledOnOs(OS.WINDOWS)
class StreamsTest {
    private static final String RUN =
            "\"$JAVA\" -Xshare:auto --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp \"$CLASSES\" io.llm2clip.cli.Main ";

    @TempDir
    Path folder;

    private record Result(int code, String err) {}

    /** Runs a command of the shell; {@code run} stands for the program, whose exit code the shell ends with. */
    private Result shell(String command, Map<String, String> environment) throws Exception {
        Path err = folder.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(List.of("bash", "-c", "set -o pipefail; run() { " + RUN + "\"$@\"; }; " + command));
        builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
        builder.environment()
                .put(
                        "JAVA",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString());
        builder.environment().put("CLASSES", System.getProperty("java.class.path"));
        builder.environment().putAll(environment);
        Process process = builder.redirectError(err.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), Files.readString(err).replaceAll("WARNING: .*\n", ""));
    }

    @Test
    void aFullDeviceIsAnError() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")), "no /dev/full");
        for (String command : List.of("--help", "devices --json")) {
            Result result = shell("run " + command + " > /dev/full", Map.of());
            assertThat(result.err()).matches("error: Standard output cannot be written \\(.+\\)\\.\n");
            assertThat(result.code()).isEqualTo(1);
        }
    }

    @Test
    void aReaderThatLeftIsNoError() throws Exception {
        // The reader is gone before the first line, in a language whose message for that would be another.
        Result result = shell("run --help | exec true", Map.of("LANG", "de_DE.UTF-8"));
        assertThat(result.err()).isEmpty();
        assertThat(result.code()).isEqualTo(141);
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "elsewhere arguments are Unicode whatever the locale")
    void anArgumentThatJavaMisreadsIsRefused() throws Exception {
        Result result = shell("run embed --text $'K\\xc3\\xa4fer'", Map.of("LC_ALL", "C"));
        assertThat(result.err())
                .startsWith("error: Java reads argument 3 ('K")
                .contains(", expected UTF-8; run bin/llm2clip, or set LC_ALL=C.UTF-8.")
                .hasLineCount(1);
        assertThat(result.code()).isEqualTo(2);
    }
}
