package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a second run from writing to the same folder: a hidden file, locked by the operating system, which releases it when a process
 * dies. Folders that the file needs are created, and deleted with it if they are still empty.
 */
public final class DirectoryLock implements AutoCloseable {
    /** The system's locks are those of a process, and closing any channel of a file gives up all of them. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private static final int MOST_ATTEMPTS = 1000;

    private final Path file;
    private final FileChannel channel;
    private final List<Path> created;
    private final AtomicBoolean released = new AtomicBoolean();
    private final Runnable undo = this::release;

    private DirectoryLock(Path file, FileChannel channel, List<Path> created) {
        this.file = file;
        this.channel = channel;
        this.created = created;
        AtExit.add(undo);
    }

    /**
     * Locks a folder for this run, from beside it.
     *
     * @throws CheckpointException if another run has it, or the folder above cannot be written
     */
    public static DirectoryLock acquire(Path directory) {
        return acquire(directory, DirectoryLock::fileOf);
    }

    /**
     * Locks a folder that is never replaced as a whole from within, creating it if necessary.
     *
     * @throws CheckpointException if another run has it, or it cannot be written
     */
    public static DirectoryLock acquireWithin(Path directory) {
        return acquire(directory, target -> target.resolve(".lock"));
    }

    private interface Naming {
        /** The lock's file for a folder without links. */
        Path fileOf(Path target) throws IOException;
    }

    private static DirectoryLock acquire(Path directory, Naming naming) {
        try {
            Path file = naming.fileOf(Links.real(directory));
            return tryAcquire(file)
                    .orElseThrow(() -> new CheckpointException(
                            "%s: another run%s is writing to this folder; wait until it ends or choose another folder."
                                    .formatted(directory, holder(file))));
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be written to: %s; choose another folder.".formatted(directory, IoReason.of(e)), e);
        }
    }

    /**
     * Whether some run has a folder, as {@link #acquire(Path)} locks it. Nothing changes.
     *
     * @throws CheckpointException if that cannot be found out
     */
    public static boolean isHeld(Path directory) {
        try {
            Path file = fileOf(Links.real(directory));
            // Of this program if it is there already; if not, nobody here acquires it while it is tried.
            return !HELD.add(file) || isHeldElsewhere(file);
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(directory, IoReason.of(e)), e);
        }
    }

    private static boolean isHeldElsewhere(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
            return lock == null;
        } catch (NoSuchFileException e) {
            return false;
        } finally {
            HELD.remove(file);
        }
    }

    /** As {@link #acquire(Path)}, of {@code target} without links; empty if another run has it. */
    static Optional<DirectoryLock> tryAcquireFor(Path target) throws IOException {
        return tryAcquire(fileOf(target));
    }

    private static Path fileOf(Path target) throws IOException {
        Path name = target.getFileName();
        if (name == null) {
            throw new IOException("the root has no folder above");
        }
        return target.resolveSibling("." + name + ".lock");
    }

    private static Optional<DirectoryLock> tryAcquire(Path file) throws IOException {
        if (!HELD.add(file)) {
            return Optional.empty();
        }
        List<Path> created = List.of();
        DirectoryLock lock = null;
        try {
            created = createFolders(Links.folderOf(file));
            FileChannel channel = lock(file);
            if (channel != null) {
                lock = new DirectoryLock(file, channel, created);
            }
        } finally {
            if (lock == null) {
                HELD.remove(file);
                deleteEmpty(created);
            }
        }
        return Optional.ofNullable(lock);
    }

    /** Another run may delete the file, which it does with the lock in hand, between any two of these steps. */
    private static @Nullable FileChannel lock(Path file) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                createFile(file);
                Object key = keyOf(file);
                FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = null;
                try {
                    lock = channel.tryLock();
                    if (lock == null) {
                        return null;
                    }
                    if (Objects.equals(key, keyOf(file))) {
                        byte[] owner =
                                Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8);
                        channel.truncate(0).write(ByteBuffer.wrap(owner), 0);
                        return channel;
                    }
                    lock = null;
                } finally {
                    if (lock == null) {
                        channel.close();
                    }
                }
            } catch (NoSuchFileException e) {
                // Some file systems, such as that of processes, say so of each new file.
                if (attempt == MOST_ATTEMPTS || !Files.isDirectory(Links.folderOf(file))) {
                    throw e;
                }
            }
        }
    }

    private static void createFile(Path file) throws IOException {
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            // Of another run, or left by one that was killed.
        }
    }

    /** The file's identity, null where the system has none; there an open file cannot be deleted. */
    private static @Nullable Object keyOf(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    private static String holder(Path file) {
        if (HELD.contains(file)) {
            return " of this program";
        }
        try {
            return " (process %s)".formatted(Files.readString(file).strip());
        } catch (IOException e) {
            return "";
        }
    }

    private static List<Path> createFolders(Path folder) throws IOException {
        List<Path> missing = new ArrayList<>();
        for (Path at = folder; at != null && !Files.exists(at); at = at.getParent()) {
            missing.addFirst(at);
        }
        List<Path> created = new ArrayList<>();
        try {
            for (Path each : missing) {
                Files.createDirectory(each);
                created.add(each);
            }
        } catch (FileAlreadyExistsException e) {
            // Another run was faster.
            Files.createDirectories(folder);
        } catch (IOException e) {
            deleteEmpty(created);
            throw e;
        }
        return created;
    }

    private static void deleteEmpty(List<Path> created) {
        for (Path folder : created.reversed()) {
            try {
                Files.delete(folder);
            } catch (IOException e) {
                return;
            }
        }
    }

    /** Makes sure that the folders which were created survive a power cut. */
    void forceCreated() throws IOException {
        for (Path folder : created) {
            Disk.forceFolder(Links.folderOf(folder));
        }
    }

    @Override
    public void close() {
        AtExit.remove(undo);
        release();
    }

    private void release() {
        if (released.getAndSet(true)) {
            return;
        }
        try (channel) {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            System.getLogger(DirectoryLock.class.getName())
                    .log(System.Logger.Level.WARNING, "{0} is left over and can be deleted: {1}", file, e);
        } finally {
            HELD.remove(file);
        }
        deleteEmpty(created);
    }
}
