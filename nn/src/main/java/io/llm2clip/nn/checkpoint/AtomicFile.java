package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Files that appear whole or not at all: written under a temporary name in the same directory, forced to the disk, then
 * moved over the target.
 */
public final class AtomicFile {
    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Replaces or creates {@code file}; whatever fails, the file that was there before stays as it was.
     *
     * @throws CheckpointException if the content cannot be written, for instance because the disk is full
     */
    public static void write(Path file, Content content) {
        Path directory = file.toAbsolutePath().normalize().getParent();
        if (directory == null) {
            throw new CheckpointException("%s: expected the path of a file, found a root.".formatted(file));
        }
        try {
            Files.createDirectories(directory);
            try (Unfinished unfinished = Unfinished.beside(directory.resolve(file.getFileName()))) {
                try (FileChannel channel =
                        FileChannel.open(unfinished.path(), StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                    content.writeTo(channel);
                    channel.force(true);
                }
                Files.move(unfinished.path(), file, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be written: %s; nothing was changed. %s"
                            .formatted(file, e.getMessage(), space(directory)),
                    e);
        }
    }

    /** The same for content that is in memory. */
    public static void write(Path file, byte[] content) {
        write(file, channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    /** For messages: how much room there is. */
    static String space(Path directory) {
        try {
            return "Its disk has %,d MB free."
                    .formatted(Files.getFileStore(directory).getUsableSpace() / 1_000_000);
        } catch (IOException e) {
            return "Check that %s is a writable directory.".formatted(directory);
        }
    }
}
