package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoReasonTest {
    @TempDir
    Path folder;

    private interface Call {
        void run() throws IOException;
    }

    private static String reason(Call call) {
        return IoReason.of(catchThrowableOfType(IOException.class, call::run));
    }

    @Test
    void pathsAloneBecomeReasons() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        Path absent = folder.resolve("absent");
        assertThat(reason(() -> Files.readString(absent))).isEqualTo("there is no " + absent);
        assertThat(reason(() -> Files.createFile(file))).isEqualTo(file + " exists already");
        assertThat(reason(() -> Files.delete(folder))).isEqualTo("the folder " + folder + " is not empty");
        assertThat(IoReason.of(new NotDirectoryException(file.toString()))).isEqualTo(file + " is no folder");
        assertThat(IoReason.of(new AccessDeniedException("/a"))).isEqualTo("no permission for /a");
    }

    @Test
    void reasonsOfTheSystemStay() {
        assertThat(IoReason.of(new IOException("No space left on device"))).isEqualTo("No space left on device");
        assertThat(IoReason.of(new FileSystemException("/a", null, "Read-only file system")))
                .isEqualTo("/a: Read-only file system");
        assertThat(IoReason.of(new EOFException())).isEqualTo("EOFException");
    }
}
