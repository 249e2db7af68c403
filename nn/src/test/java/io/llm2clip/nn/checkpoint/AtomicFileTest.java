package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void replacesContentAndLeavesNothingElse() throws Exception {
        Path file = folder.resolve("b.txt");
        AtomicFile.write(file, new byte[] {1});
        AtomicFile.write(file, new byte[] {2, 3});
        assertThat(Files.readAllBytes(file)).containsExactly(2, 3);
        assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
    }

    @Test
    void aFolderIsRefusedAndStays() throws Exception {
        Path occupied = Files.createDirectories(folder.resolve("folder"));
        assertThatThrownBy(() -> AtomicFile.write(occupied, new byte[1]))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("%s: expected a file to write, found a folder; add a name.", occupied);
        assertThat(folder).isDirectoryNotContaining(path -> !path.equals(occupied));
    }

    @Test
    void aFolderThatDoesNotExistIsATypoAndNotCreated() {
        Path file = folder.resolve("typo/b.txt");
        assertThatThrownBy(() -> AtomicFile.write(file, new byte[1]))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: cannot be written: there is no folder %s; create it or correct the path.",
                        file, file.getParent());
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aLinkStaysAndItsTargetIsReplaced() throws Exception {
        Path target =
                Files.writeString(Files.createDirectory(folder.resolve("deep")).resolve("target"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("deep/target"));
        Path second = Files.createSymbolicLink(folder.resolve("second"), link);
        AtomicFile.write(second, "new".getBytes(StandardCharsets.UTF_8));
        assertThat(second).isSymbolicLink();
        assertThat(link).isSymbolicLink();
        assertThat(target).hasContent("new");
        Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), Path.of("deep/created"));
        AtomicFile.write(dangling, "new".getBytes(StandardCharsets.UTF_8));
        assertThat(dangling).isSymbolicLink();
        assertThat(folder.resolve("deep/created")).hasContent("new");
        Path loop = folder.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        assertThatThrownBy(() -> AtomicFile.write(loop, new byte[1])).isInstanceOf(CheckpointException.class);
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void permissionsOfWhatIsReplacedStay() throws Exception {
        Path file = Files.writeString(folder.resolve("private"), "old");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        AtomicFile.write(file, new byte[1]);
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aPipeIsWrittenThrough() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        assertThat(AtomicFile.isStream(pipe)).isTrue();
        CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> {
            try {
                return Files.readAllBytes(pipe);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        AtomicFile.write(pipe, new byte[] {1, 2, 3});
        assertThat(read.get(30, TimeUnit.SECONDS)).containsExactly(1, 2, 3);
        assertThat(AtomicFile.isStream(pipe)).isTrue();
    }

    @Test
    void aFullDeviceIsAnErrorAndStays() {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "no /dev/full");
        assertThatThrownBy(() -> AtomicFile.write(full, new byte[1]))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("/dev/full: cannot be written: ");
        assertThat(AtomicFile.isStream(full)).isTrue();
    }

    @Test
    void aDescriptorThatIsAFileIsAddedTo() throws Exception {
        Path file = Files.writeString(folder.resolve("log"), "before ");
        assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "no /proc");
        Path open = null;
        try (FileChannel held = FileChannel.open(file, StandardOpenOption.APPEND);
                var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            assertThat(held.isOpen()).isTrue();
            for (Path descriptor : descriptors) {
                if (Files.exists(descriptor) && Files.isSameFile(descriptor, file)) {
                    open = descriptor;
                }
            }
            assertThat(open).isNotNull();
            AtomicFile.write(open, "after".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(file).hasContent("before after");
    }

    @Test
    void whatAKilledRunLeftIsDeletedButNotWhatIsBeingWritten() throws Exception {
        Path file = folder.resolve("b.txt");
        Path abandoned = Files.writeString(folder.resolve(".b.txt." + UUID.randomUUID() + ".tmp"), "half");
        Path mine = Files.writeString(folder.resolve(".b.txt.tmp"), "mine");
        AtomicFile.write(file, outer -> {
            AtomicFile.write(file, new byte[] {1});
            outer.write(ByteBuffer.wrap(new byte[] {2}));
        });
        assertThat(Files.readAllBytes(file)).containsExactly(2);
        assertThat(abandoned).doesNotExist();
        assertThat(mine).exists();
    }
}
