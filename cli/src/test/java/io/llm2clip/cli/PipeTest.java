package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The program at the writing end of a pipe. */
@DisabledOnOs(OS.WINDOWS)
class PipeTest {
    @TempDir
    Path folder;

    @Test
    void embeddingEndsQuietlyWhenNobodyReads() throws Exception {
        Path model = Fixture.model(folder.resolve("model"));
        Path texts = Files.writeString(folder.resolve("texts"), "a kite over a beach\n".repeat(5_000));
        Path unfinished = Files.createDirectory(folder.resolve("out"));
        Path err = folder.resolve("err");
        String program =
                "\"%s\" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp \"$CLASSES\" "
                                .formatted(Path.of(System.getProperty("java.home"), "bin", "java"))
                        + "%s io.llm2clip.cli.Main embed --model " + model + " --texts " + texts
                        + " %s | head -n 1 >/dev/null";
        for (String more : List.of(
                program.formatted("", ""),
                // Names of rows are printed behind the file.
                program.formatted("", "--out " + unfinished.resolve("v.npy")),
                // A line of progress that moves is held while a result is printed beside it.
                program.formatted("-Dllm2clip.terminal=" + folder.resolve("terminal"), ""))) {
            ProcessBuilder builder = new ProcessBuilder("bash", "-c", "set -o pipefail; " + more);
            builder.environment().put("CLASSES", System.getProperty("java.class.path"));
            Process process = builder.redirectError(err.toFile()).start();
            try {
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            } finally {
                process.destroyForcibly();
            }
            // It may have said that it began, but not that or why it stopped.
            assertThat(Files.readString(err)).as(more).doesNotContainIgnoringCase("stopped", "error", "exception");
            assertThat(process.exitValue()).isEqualTo(141);
            // The file is whole; the names that nobody read are printed by the same command.
            assertThat(unfinished.toFile().list())
                    .containsExactlyInAnyOrder(
                            more.contains("v.npy") ? new String[] {"v.npy", "v.npy.unfinished"} : new String[0]);
            for (String left : List.of("v.npy", "v.npy.unfinished")) {
                Files.deleteIfExists(unfinished.resolve(left));
            }
        }
    }
}
