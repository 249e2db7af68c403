package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryLockTest {
    @TempDir
    Path folder;

    @Test
    void whetherAFolderIsHeldIsSeenWithoutChangingAnything() throws IOException {
        Path output = folder.resolve("deep/output");
        assertThat(DirectoryLock.isHeld(output)).isFalse();
        assertThat(folder).isEmptyDirectory();
        try (DirectoryLock _ = DirectoryLock.acquire(output)) {
            assertThat(DirectoryLock.isHeld(output)).isTrue();
            assertThat(DirectoryLock.isHeld(folder.resolve("deep/other"))).isFalse();
        }
        assertThat(DirectoryLock.isHeld(output)).isFalse();
        // As a program that was killed leaves it.
        Path left = folder.resolve(".output.lock");
        Files.writeString(left, "1");
        assertThat(DirectoryLock.isHeld(folder.resolve("output"))).isFalse();
        assertThat(left).hasContent("1");
        // Looking does not keep others out.
        DirectoryLock.acquire(folder.resolve("output")).close();
    }
}
