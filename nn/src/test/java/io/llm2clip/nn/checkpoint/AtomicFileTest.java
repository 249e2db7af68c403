package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void replacesContentAndLeavesNothingElse() throws Exception {
        Path file = folder.resolve("a/b.txt");
        AtomicFile.write(file, new byte[] {1});
        AtomicFile.write(file, new byte[] {2, 3});
        assertThat(Files.readAllBytes(file)).containsExactly(2, 3);
        assertThat(folder.resolve("a")).isDirectoryNotContaining(path -> !path.equals(file));
    }

    @Test
    void aFailedWriteLeavesNothing() throws Exception {
        Path occupied = Files.createDirectories(folder.resolve("folder/child")).getParent();
        assertThatThrownBy(() -> AtomicFile.write(occupied, new byte[1])).isInstanceOf(CheckpointException.class);
        assertThat(folder).isDirectoryNotContaining(path -> !path.equals(occupied));
    }
}
