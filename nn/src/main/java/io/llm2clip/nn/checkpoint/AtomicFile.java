package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.List;

/**
 * Files that appear whole or not at all: written under a temporary name in the same folder, forced to the disk, then moved over the
 * target. A symbolic link stays and what it points to is replaced; a pipe or a device is written to as it is.
 */
public final class AtomicFile {
    /** Writes the content of a file, from its beginning on. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Replaces or creates {@code file}; whatever fails, the regular file that was there before stays as it was. Its folder has to exist.
     *
     * @throws CheckpointException if the content cannot be written, for instance because the disk is full
     */
    public static void write(Path file, Content content) {
        Path target = file;
        try {
            List<Path> chain = Links.chain(file);
            target = chain.getLast();
            requirePlace(file, target);
            if (isStream(file)) {
                // A descriptor of this process may be a file that others write to as well, so nothing of it is cut off.
                StandardOpenOption mode = chain.stream().anyMatch(AtomicFile::isDescriptor)
                        ? StandardOpenOption.APPEND
                        : StandardOpenOption.WRITE;
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, mode)) {
                    content.writeTo(channel);
                }
            } else {
                replace(Links.folderOf(target).toRealPath().resolve(target.getFileName()), content);
            }
        } catch (IOException e) {
            throw new CheckpointException(
                    isStream(file)
                            ? "%s: cannot be written: %s.".formatted(file, IoReason.of(e))
                            : "%s: cannot be written: %s; nothing was changed. %s"
                                    .formatted(file, IoReason.of(e), Disk.room(Links.folderOf(target))),
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

    /** Whether a path names something that cannot be replaced, only written to: a pipe, a device, a descriptor of a process. */
    public static boolean isStream(Path file) {
        try {
            return Files.exists(file)
                    && (Links.chain(file).stream().anyMatch(AtomicFile::isDescriptor)
                            || !Files.isRegularFile(file) && !Files.isDirectory(file));
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Checks that a file can be made where a path says, before the work that makes it.
     *
     * @throws CheckpointException if there is no folder for it, or a folder in its place
     */
    public static void requirePlace(Path file) {
        try {
            requirePlace(file, Links.chain(file).getLast());
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be written: %s.".formatted(file, IoReason.of(e)), e);
        }
    }

    private static boolean isDescriptor(Path path) {
        return path.startsWith("/proc") || path.startsWith("/dev/fd");
    }

    private static void requirePlace(Path file, Path target) {
        Path folder = Links.folderOf(target);
        if (target.getFileName() == null || Files.isDirectory(target)) {
            throw new CheckpointException("%s: expected a file to write, found a folder; add a name.".formatted(file));
        }
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException("%s: cannot be written: there is no folder %s; create it or correct the path."
                    .formatted(file, folder));
        }
    }

    private static void replace(Path target, Content content) throws IOException {
        Unfinished.deleteAbandonedFiles(target);
        try (Unfinished unfinished = Unfinished.beside(target)) {
            try (FileChannel channel =
                    FileChannel.open(unfinished.path(), StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                Unfinished.lock(channel);
                copyPermissions(target, unfinished.path());
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(unfinished.path(), target, StandardCopyOption.ATOMIC_MOVE);
            Disk.forceFolder(Links.folderOf(target));
        }
    }

    /** What only its owner could read is not to become readable by all. */
    private static void copyPermissions(Path from, Path to) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(from, PosixFileAttributeView.class);
        if (view != null && Files.exists(from)) {
            Files.setPosixFilePermissions(to, view.readAttributes().permissions());
        }
    }
}
