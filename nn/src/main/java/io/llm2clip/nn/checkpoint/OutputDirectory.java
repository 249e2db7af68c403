package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder that appears whole or not at all, and is claimed before the work that fills it: whatever speaks against it is found at once.
 *
 * <pre>{@code
 * try (OutputDirectory output = OutputDirectory.claim(Path.of("model"), "model", Existing.REFUSE)) {
 *     ... // hours
 *     write(output.unfinished());
 *     output.publish();
 * }
 * }</pre>
 *
 * <p>Files are written into a hidden folder beside the target, forced to the disk, and moved to their place. A file in the folder says
 * which ones are ours; a folder that holds anything else is never replaced. A folder of ours that is replaced steps aside first; a run
 * that dies between the two moves leaves both, and the next one completes or takes back what it began.
 */
public final class OutputDirectory implements AutoCloseable {
    /** What to do with an earlier output of the same kind. */
    public enum Existing {
        /** It stays, and the claim is refused. */
        REFUSE,
        /** It is replaced. */
        REPLACE
    }

    /** Writes the content of a folder. */
    @FunctionalInterface
    public interface Content {
        void writeTo(Path folder) throws IOException;
    }

    private static final int NAMED = 3;

    private final Path asked;
    private final Path target;
    private final String kind;
    private final Existing existing;
    private final DirectoryLock lock;
    private final Unfinished unfinished;

    private OutputDirectory(
            Path asked, Path target, String kind, Existing existing, DirectoryLock lock, Unfinished unfinished) {
        this.asked = asked;
        this.target = target;
        this.kind = kind;
        this.existing = existing;
        this.lock = lock;
        this.unfinished = unfinished;
    }

    /**
     * Claims a folder for this run; folders above it are created. Nothing of what it holds changes until {@link #publish}.
     *
     * @param kind what it will hold, such as "model"; another kind is never replaced
     * @throws CheckpointException if it cannot be written, another run has it, or it holds something that is not to be replaced
     */
    public static OutputDirectory claim(Path directory, String kind, Existing existing) {
        requireName(directory);
        DirectoryLock lock = DirectoryLock.acquire(directory);
        Unfinished unfinished = null;
        OutputDirectory claimed = null;
        try {
            Path target = Links.real(directory);
            cleanUp(target);
            requireReplaceable(directory, target, kind, existing);
            unfinished = Unfinished.beside(target);
            Files.createDirectory(unfinished.path());
            claimed = new OutputDirectory(directory, target, kind, existing, lock, unfinished);
            return claimed;
        } catch (IOException e) {
            throw unwritable(directory, e);
        } finally {
            if (claimed == null) {
                closeQuietly(unfinished);
                lock.close();
            }
        }
    }

    /**
     * Makes a folder that several outputs share, or takes up one that was made so. What it holds besides is left alone.
     *
     * @throws CheckpointException if it holds files but was not made here, or cannot be written
     */
    public static void share(Path directory, String kind) {
        requireShareable(directory, kind);
        try {
            if (OutputMarker.read(directory).isEmpty()) {
                Files.createDirectories(directory);
                OutputMarker.write(directory, kind);
            }
        } catch (IOException e) {
            throw unwritable(directory, e);
        }
    }

    /**
     * Checks that {@link #share} will take a folder; nothing is changed.
     *
     * @throws CheckpointException if it holds files but was not made here
     */
    public static void requireShareable(Path directory, String kind) {
        requireName(directory);
        try {
            if (Files.exists(directory) && !Files.isDirectory(directory)) {
                throw new CheckpointException(
                        "%s: expected a new or empty folder, found a file; choose another name.".formatted(directory));
            }
            if (Files.exists(directory) && !isEmpty(directory) && !isOfKind(directory, kind)) {
                throw new CheckpointException(
                        "%s: expected a new or empty folder, or one of an earlier %s, found other files (%s); choose another name."
                                .formatted(directory, kind, first(names(directory))));
            }
        } catch (IOException e) {
            throw unwritable(directory, e);
        }
    }

    /**
     * Deletes an output; whoever looks at the folder finds all of it or nothing.
     *
     * @return whether it was; a folder that is no output, or to which files were added, stays
     * @throws CheckpointException if it cannot be deleted
     */
    public static boolean delete(Path directory) {
        try {
            Path target = Links.real(directory);
            Optional<OutputMarker> marker = OutputMarker.read(target);
            if (marker.isEmpty() || !marker.get().foreign(target).isEmpty()) {
                return false;
            }
            try (Unfinished away = Unfinished.beside(target)) {
                Files.move(target, away.path(), StandardCopyOption.ATOMIC_MOVE);
            }
            return true;
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be deleted: %s.".formatted(directory, IoReason.of(e)), e);
        }
    }

    /** Completes or takes back what killed runs began in a folder to which nobody writes now. */
    public static void tidy(Path folder) {
        try {
            for (Path target : Unfinished.targetsOf(folder)) {
                cleanUp(target);
            }
        } catch (IOException e) {
            throw unwritable(folder, e);
        }
    }

    private static String withArticle(String kind) {
        return ("aeiou".indexOf(kind.charAt(0)) >= 0 ? "an " : "a ") + kind;
    }

    private static boolean isOfKind(Path directory, String kind) {
        return OutputMarker.read(directory)
                .filter(marker -> marker.kind().equals(kind))
                .isPresent();
    }

    /** The files of an output that are missing or were cut off, in order; empty if {@code directory} is no output of this kind. */
    public static Optional<List<String>> damaged(Path directory, String kind) {
        try {
            Optional<OutputMarker> marker =
                    OutputMarker.read(directory).filter(found -> found.kind().equals(kind));
            return marker.isEmpty()
                    ? Optional.empty()
                    : Optional.of(marker.get().damaged(directory));
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(directory, IoReason.of(e)), e);
        }
    }

    /**
     * Completes or takes back what a run that died while it replaced {@code directory} began, so that there is an output again; nothing
     * happens if there is one, or a run is at it.
     */
    public static void recover(Path directory) {
        try {
            Path target = Links.real(directory);
            if (Files.exists(target)
                    || !Files.isDirectory(Links.folderOf(target))
                    || Unfinished.leftBehind(target).isEmpty()) {
                return;
            }
            Optional<DirectoryLock> free = DirectoryLock.tryAcquireFor(target);
            if (free.isPresent()) {
                try (DirectoryLock ignored = free.get()) {
                    restore(target);
                }
            }
        } catch (IOException e) {
            throw unwritable(directory, e);
        }
    }

    /** Receives the content; it is deleted unless {@link #publish} moves it to its place. */
    public Path unfinished() {
        return unfinished.path();
    }

    /**
     * Writes content into {@link #unfinished}.
     *
     * @throws CheckpointException if that fails
     */
    public void fill(Content content) {
        try {
            content.writeTo(unfinished.path());
        } catch (IOException e) {
            throw unwritable(asked, e);
        }
    }

    /**
     * Refuses what the disk has no room for.
     *
     * @param bytes the size of what will be written
     * @throws CheckpointException if less is free
     */
    public void requireRoom(long bytes) {
        try {
            long free = Files.getFileStore(unfinished.path()).getUsableSpace();
            if (free < bytes) {
                throw new CheckpointException(
                        "%s: needs %,d MB, its disk has %,d MB free; make room or choose a folder on another disk."
                                .formatted(asked, bytes / 1_000_000 + 1, free / 1_000_000));
            }
        } catch (IOException e) {
            throw unwritable(asked, e);
        }
    }

    /**
     * Moves the content to its place.
     *
     * @throws CheckpointException if that fails, naming where the content is instead
     */
    public void publish() {
        try {
            OutputMarker.write(unfinished.path(), kind);
            Disk.forceTree(unfinished.path());
            lock.forceCreated();
        } catch (IOException e) {
            throw unwritable(asked, e);
        }
        try {
            requireReplaceable(asked, target, kind, existing);
            AtExit.uninterrupted(this::moveToPlace);
        } catch (IOException | CheckpointException e) {
            throw new CheckpointException(
                    "%s; it was saved as %s instead."
                            .formatted(String.valueOf(e.getMessage()).replaceFirst("[.;]$", ""), keepElsewhere(e)),
                    e);
        }
        try {
            Disk.forceFolder(Links.folderOf(target));
            Unfinished.discard(unfinished.previous());
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: was written, but its folder cannot be tidied: %s.".formatted(asked, IoReason.of(e)), e);
        }
    }

    @Override
    public void close() {
        closeQuietly(unfinished);
        lock.close();
    }

    private void moveToPlace() throws IOException {
        // A folder with files cannot be replaced in one move, so the old one steps aside first.
        Path previous = unfinished.previous();
        if (Files.exists(target)) {
            Files.move(target, previous, StandardCopyOption.ATOMIC_MOVE);
        }
        try {
            Files.move(unfinished.path(), target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (Files.exists(previous)) {
                Files.move(previous, target, StandardCopyOption.ATOMIC_MOVE);
            }
            throw e;
        }
    }

    /** Work that is done is not thrown away because its place was taken meanwhile. */
    private Path keepElsewhere(Exception reason) {
        for (int i = 2; ; i++) {
            Path free = target.resolveSibling(target.getFileName() + "-" + i);
            try {
                if (Files.notExists(free)) {
                    Files.move(unfinished.path(), free, StandardCopyOption.ATOMIC_MOVE);
                    Disk.forceFolder(Links.folderOf(free));
                    return free;
                }
            } catch (IOException e) {
                e.addSuppressed(reason);
                throw unwritable(asked, e);
            }
        }
    }

    private static void cleanUp(Path target) throws IOException {
        if (Files.notExists(target)) {
            restore(target);
        }
        for (Path left : Unfinished.leftBehind(target)) {
            Unfinished.discard(left);
        }
    }

    /** Called with the lock in hand, so nobody is at what lies beside the target. */
    private static void restore(Path target) throws IOException {
        for (Path left : Unfinished.leftBehind(target)) {
            if (Unfinished.isPrevious(left)) {
                Path made = Unfinished.madeFor(left);
                // The marker is written last, and all of it was forced before the first move.
                Optional<OutputMarker> marker = OutputMarker.read(made);
                boolean complete =
                        marker.isPresent() && marker.get().damaged(made).isEmpty();
                Files.move(complete ? made : left, target, StandardCopyOption.ATOMIC_MOVE);
                Disk.forceFolder(Links.folderOf(target));
                Unfinished.discard(complete ? left : made);
                return;
            }
        }
    }

    private static void requireReplaceable(Path asked, Path target, String kind, Existing existing) throws IOException {
        if (Files.notExists(target)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new CheckpointException(
                    "%s: expected a new or empty folder, found a file; choose another name.".formatted(asked));
        }
        boolean empty = isEmpty(target);
        Optional<OutputMarker> marker = OutputMarker.read(target);
        if (!empty && (marker.isEmpty() || !marker.get().kind().equals(kind))) {
            throw new CheckpointException("%s: expected a new or empty folder, found %s; choose another name."
                    .formatted(
                            asked,
                            marker.isEmpty()
                                    ? "other files (%s)".formatted(first(names(target)))
                                    : withArticle(marker.get().kind())));
        }
        if (!empty) {
            List<String> foreign = marker.orElseThrow().foreign(target);
            if (!foreign.isEmpty()) {
                throw new CheckpointException(
                        "%s: holds a %s and files that are no part of it (%s); move them away or choose another name."
                                .formatted(asked, kind, first(foreign)));
            }
            if (existing == Existing.REFUSE) {
                throw new CheckpointException(
                        "%s: holds a %s already; choose another name or replace it with --overwrite."
                                .formatted(asked, kind));
            }
        }
        requireMovable(asked, target);
    }

    private static void requireMovable(Path asked, Path target) throws IOException {
        Path here = Path.of("").toRealPath();
        String reason = here.startsWith(target)
                ? "is the current folder or one above it"
                : MountPoints.contain(target) ? "is a mount point" : "";
        if (!reason.isEmpty()) {
            throw new CheckpointException(
                    "%s: %s, which cannot be replaced as a whole; choose a folder within it, such as %s."
                            .formatted(asked, reason, asked.resolve("output")));
        }
    }

    private static void requireName(Path directory) {
        if (directory.toString().isEmpty()
                || directory.toAbsolutePath().normalize().getParent() == null) {
            throw new CheckpointException("'%s': expected the name of a folder to create.".formatted(directory));
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            return !entries.iterator().hasNext();
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    private static String first(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(NAMED, names.size())))
                + (names.size() > NAMED ? " and %d more".formatted(names.size() - NAMED) : "");
    }

    private static void closeQuietly(@Nullable Unfinished unfinished) {
        if (unfinished == null) {
            return;
        }
        try {
            unfinished.close();
        } catch (IOException e) {
            System.getLogger(OutputDirectory.class.getName())
                    .log(System.Logger.Level.WARNING, "{0} is left over and can be deleted: {1}", unfinished.path(), e);
        }
    }

    private static CheckpointException unwritable(Path directory, IOException e) {
        return new CheckpointException(
                "%s: cannot be written: %s; nothing was changed. %s"
                        .formatted(directory, IoReason.of(e), Disk.room(Links.folderOf(directory))),
                e);
    }
}
