package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * A hidden name beside a file or directory, under which it is made before it is moved to its place. What is still there when this is
 * closed, or when the program is interrupted, is deleted.
 */
final class Unfinished implements AutoCloseable {
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> OPEN.forEach(Unfinished::deleteAtLast), "delete-unfinished"));
    }

    private final Path path;

    private Unfinished(Path path) {
        this.path = path;
        OPEN.add(path);
    }

    /** A new name; nothing is created. */
    static Unfinished beside(Path target) {
        // Not a temporary file of the JDK, which only its owner could read, also after the move.
        return new Unfinished(target.resolveSibling(".%s.%s.tmp".formatted(target.getFileName(), UUID.randomUUID())));
    }

    Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        delete(path);
        OPEN.remove(path);
    }

    /** Deletes a file, or a directory and what is in it; nothing happens if there is none. */
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

    /** Threads that still write find no directory once it has another name, so they do not fill what is being deleted. */
    private static void deleteAtLast(Path root) {
        try {
            if (Files.exists(root)) {
                Path moved = root.resolveSibling(root.getFileName() + ".deleted");
                Files.move(root, moved, StandardCopyOption.ATOMIC_MOVE);
                delete(moved);
            }
        } catch (IOException e) {
            System.getLogger(Unfinished.class.getName())
                    .log(System.Logger.Level.WARNING, "{0} is left over and can be deleted: {1}", root, e);
        }
    }
}
