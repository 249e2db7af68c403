package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** Directories that appear whole or not at all. */
final class AtomicDirectory {
    /** Writes the content of a directory. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path directory) throws IOException;
    }

    private AtomicDirectory() {}

    /**
     * Creates {@code directory}, or replaces it if it is empty or holds the file {@code marker}; anything else is not ours to
     * delete.
     *
     * @throws CheckpointException if it cannot be written; what was there before stays as it was
     */
    static void write(Path directory, String marker, Content content) {
        Path target = directory.toAbsolutePath().normalize();
        Path parent = target.getParent();
        if (parent == null) {
            throw new CheckpointException("%s: expected a directory to create, found a root.".formatted(directory));
        }
        requireReplaceable(target, marker);
        Path temporary = parent.resolve(".%s.%s.tmp".formatted(target.getFileName(), UUID.randomUUID()));
        Path previous = temporary.resolveSibling(temporary.getFileName() + ".previous");
        try {
            try {
                Files.createDirectories(temporary);
                content.writeTo(temporary);
                // A directory with files cannot be replaced in one move, so the old one steps aside first.
                if (Files.exists(target)) {
                    Files.move(target, previous, StandardCopyOption.ATOMIC_MOVE);
                }
                moveOrRestore(temporary, target, previous);
            } finally {
                delete(temporary);
                delete(previous);
            }
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be written: %s; check that %s is writable and its disk has room."
                            .formatted(directory, e.getMessage(), parent),
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

    private static void delete(Path directory) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> entries = Files.walk(directory)) {
            deepestFirst = entries.sorted(Comparator.reverseOrder()).toList();
        } catch (NoSuchFileException e) {
            return;
        }
        for (Path entry : deepestFirst) {
            Files.delete(entry);
        }
    }
}
