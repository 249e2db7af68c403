package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.nn.checkpoint.AtomicDirectory;
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
            AtomicDirectory.write(Path.of(arguments[0]), "marker", directory -> {
                Thread.ofPlatform().daemon().start(() -> fill(directory, "a"));
                fill(directory, "b");
            });
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
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Writer.class.getName(),
                        folder.resolve("data").toString()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (files() < 100 && process.isAlive() && System.nanoTime() < deadline) {
                Thread.sleep(20);
            }
            assertThat(files()).as("files while it writes").isGreaterThanOrEqualTo(100);
            process.destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(folder).isEmptyDirectory();
    }

    private long files() throws Exception {
        try (var entries = Files.walk(folder)) {
            return entries.count();
        } catch (java.io.UncheckedIOException e) {
            return 0;
        }
    }
}
