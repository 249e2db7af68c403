package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A hidden name beside a file or folder, under which it is made before it is moved to its place. What is still there when this is
 * closed, or when the program is interrupted, is deleted; what a killed program left is found by {@link #leftBehind}.
 */
final class Unfinished implements AutoCloseable {
    /** What is being made. */
    private static final String MADE = ".tmp";

    /** What was there before, while it is being replaced. */
    private static final String PREVIOUS = ".previous";

    private static final String DELETED = ".deleted";

    /** What follows the target's name in a hidden one. */
    private static final String HIDDEN =
            "\\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\\.tmp|\\.previous)(?:\\.deleted)?";

    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Runnable undo = this::deleteAtLast;

    private Unfinished(Path path) {
        this.path = path;
        OPEN.add(path);
        AtExit.add(undo);
    }

    /** A new name; nothing is created. */
    static Unfinished beside(Path target) {
        // Not a temporary file of the JDK, which only its owner could read, also after the move.
        return new Unfinished(
                target.resolveSibling(".%s.%s%s".formatted(target.getFileName(), UUID.randomUUID(), MADE)));
    }

    Path path() {
        return path;
    }

    /** Where the target is kept while this takes its place. */
    Path previous() {
        return renamed(path, MADE, PREVIOUS);
    }

    /** Whether a name of {@link #leftBehind} is that of what was there before. */
    static boolean isPrevious(Path left) {
        return left.getFileName().toString().endsWith(PREVIOUS);
    }

    /** What was to take the place of {@code previous}. */
    static Path madeFor(Path previous) {
        return renamed(previous, PREVIOUS, MADE);
    }

    private static Path renamed(Path path, String from, String to) {
        String name = path.getFileName().toString();
        return path.resolveSibling(name.substring(0, name.length() - from.length()) + to);
    }

    @Override
    public void close() throws IOException {
        AtExit.remove(undo);
        OPEN.remove(path);
        delete(path);
    }

    /** The hidden names beside {@code target} that this program, in this or an earlier run, gave. */
    static List<Path> leftBehind(Path target) throws IOException {
        Pattern ours =
                Pattern.compile("\\." + Pattern.quote(target.getFileName().toString()) + HIDDEN);
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(
                Links.folderOf(target),
                entry -> ours.matcher(entry.getFileName().toString()).matches() && !OPEN.contains(entry))) {
            entries.forEach(found::add);
        }
        return found;
    }

    /** What there are hidden names for in a folder. */
    static Set<Path> targetsOf(Path folder) throws IOException {
        Pattern ours = Pattern.compile("\\.(.+)" + HIDDEN);
        Set<Path> targets = new TreeSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                Matcher name = ours.matcher(entry.getFileName().toString());
                if (name.matches()) {
                    targets.add(folder.resolve(name.group(1)));
                }
            }
        }
        return targets;
    }

    /** Deletes what killed programs left of {@code target}, a file; those that still write hold a lock on theirs. */
    static void deleteAbandonedFiles(Path target) throws IOException {
        for (Path file : leftBehind(target)) {
            if (Files.isRegularFile(file)) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    if (lock(channel) != null) {
                        Files.deleteIfExists(file);
                    }
                } catch (NoSuchFileException e) {
                    // Finished, or deleted by another run that found it.
                }
            }
        }
    }

    /** Marks a file as being written; null if it already is, or where the file system has no locks. */
    static @Nullable FileLock lock(FileChannel channel) {
        try {
            return channel.tryLock();
        } catch (IOException e) {
            return null;
        }
    }

    /** Deletes a file, or a folder and what is in it; nothing happens if there is none. */
    static void delete(Path root) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> entries = Files.walk(root)) {
            deepestFirst = entries.sorted(Comparator.reverseOrder()).toList();
        } catch (NoSuchFileException e) {
            return;
        }
        for (Path entry : deepestFirst) {
            Files.deleteIfExists(entry);
        }
    }

    /** Deletes what a run may find: under another name first, so that half of it is not taken for the whole. */
    static void discard(Path root) throws IOException {
        if (root.getFileName().toString().endsWith(DELETED)) {
            delete(root);
        } else if (Files.exists(root)) {
            Path moved = root.resolveSibling(root.getFileName() + DELETED);
            Files.move(root, moved, StandardCopyOption.ATOMIC_MOVE);
            delete(moved);
        }
    }

    /** Threads that still write find no folder once it has another name, so they do not fill what is being deleted. */
    private void deleteAtLast() {
        try {
            discard(path);
        } catch (IOException e) {
            System.getLogger(Unfinished.class.getName())
                    .log(System.Logger.Level.WARNING, "{0} is left over and can be deleted: {1}", path, e);
        }
    }
}
