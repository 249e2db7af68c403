package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.nn.checkpoint.DirectoryLock;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that is told to stop while it writes leaves nothing half-written. */
class InterruptTest {
    @TempDir
    Path folder;

    /** Fills a directory for ever, in two threads. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) {
            try (OutputDirectory output = OutputDirectory.claim(Path.of(arguments[0]), "data", Existing.REFUSE)) {
                Thread.ofPlatform().daemon().start(() -> fill(output.unfinished(), "a"));
                fill(output.unfinished(), "b");
            }
        }

        private static void fill(Path directory, String name) {
            try {
                for (int i = 0; ; i++) {
                    Files.writeString(directory.resolve(name + i), name);
                }
            } catch (java.io.IOException e) {
                // The directory is gone: somebody wants it to stop.
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    @Test
    void nothingIsLeft() throws Exception {
        Process process = startWriting();
        try {
            waitForFiles(process);
            assertThat(DirectoryLock.isHeld(data())).isTrue();
            assertThatThrownBy(() -> OutputDirectory.claim(data(), "data", Existing.REPLACE))
                    .hasMessage(
                            "%s: another run (process %d) is writing to this folder; wait until it ends or choose another folder.",
                            data(), process.pid());
            process.destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void afterAKillTheNextRunCleansUp() throws Exception {
        Process process = startWriting();
        try {
            waitForFiles(process);
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(folder).isNotEmptyDirectory();
        assertThat(DirectoryLock.isHeld(data())).isFalse();
        OutputDirectory.claim(data(), "data", Existing.REFUSE).close();
        assertThat(folder).isEmptyDirectory();
    }

    private Process startWriting() throws Exception {
        return new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Writer.class.getName(),
                        data().toString()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private void waitForFiles(Process process) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (files() < 100 && process.isAlive() && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertThat(files()).as("files while it writes").isGreaterThanOrEqualTo(100);
    }

    private Path data() {
        return folder.resolve("data");
    }

    private long files() throws Exception {
        try (var entries = Files.walk(folder)) {
            return entries.count();
        } catch (java.io.UncheckedIOException e) {
            return 0;
        }
    }
}
