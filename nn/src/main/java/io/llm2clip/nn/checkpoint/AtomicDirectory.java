package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** Directories that appear whole or not at all. */
public final class AtomicDirectory {
    /** Writes the content of a directory. */
    @FunctionalInterface
    public interface Content {
        void writeTo(Path directory) throws IOException;
    }

    private AtomicDirectory() {}

    /**
     * Creates {@code directory}, or replaces it if it is empty or holds the file {@code marker}; anything else is not ours to
     * delete.
     *
     * @throws CheckpointException if it cannot be written; what was there before stays as it was
     */
    public static void write(Path directory, String marker, Content content) {
        Path target = directory.toAbsolutePath().normalize();
        Path parent = target.getParent();
        if (parent == null) {
            throw new CheckpointException("%s: expected a directory to create, found a root.".formatted(directory));
        }
        requireReplaceable(target, marker);
        try {
            Files.createDirectories(parent);
            try (Unfinished unfinished = Unfinished.beside(target)) {
                Files.createDirectory(unfinished.path());
                content.writeTo(unfinished.path());
                // A directory with files cannot be replaced in one move, so the old one steps aside first. It is no
                // unfinished one: an interruption between the moves must not delete it.
                Path previous =
                        unfinished.path().resolveSibling(unfinished.path().getFileName() + ".previous");
                if (Files.exists(target)) {
                    Files.move(target, previous, StandardCopyOption.ATOMIC_MOVE);
                }
                moveOrRestore(unfinished.path(), target, previous);
                Unfinished.delete(previous);
            }
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be written: %s; nothing was changed. %s"
                            .formatted(directory, e.getMessage(), AtomicFile.space(parent)),
                    e);
        }
    }

    private static void moveOrRestore(Path temporary, Path target, Path previous) throws IOException {
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (Files.exists(previous)) {
                Files.move(previous, target, StandardCopyOption.ATOMIC_MOVE);
            }
            throw e;
        }
    }

    private static void requireReplaceable(Path target, String marker) {
        if (!Files.exists(target) || Files.exists(target.resolve(marker))) {
            return;
        }
        try (Stream<Path> entries = Files.list(target)) {
            if (entries.findAny().isEmpty()) {
                return;
            }
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: expected a directory, found something else; choose another name.".formatted(target), e);
        }
        throw new CheckpointException(
                "%s: expected an empty or new directory, or one with %s to replace, found other files; choose another name."
                        .formatted(target, marker));
    }
}
