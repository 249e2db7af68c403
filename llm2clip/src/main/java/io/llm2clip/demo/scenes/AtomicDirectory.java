package io.llm2clip.demo.scenes;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes a folder appear complete or not at all: it is filled beside its place and then moved there. */
final class AtomicDirectory {

    /** Fills a folder. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path root) throws IOException;
    }

    private AtomicDirectory() {}

    /** Writes {@code target}, which must not exist or be an empty folder. */
    static void write(Path target, Content content) throws IOException {
        Path parent = Objects.requireNonNull(target.getParent(), "target has no parent");
        Path temporary;
        try {
            Files.createDirectories(parent);
            // Not createTempDirectory: only its owner could enter what it makes, also after the move.
            temporary =
                    Files.createDirectory(parent.resolve("." + target.getFileName() + ".partial-" + UUID.randomUUID()));
        } catch (IOException e) {
            throw new IOException(
                    "No folder can be created in " + parent + " ("
                            + e.getClass().getSimpleName() + ": " + e.getMessage()
                            + "); name a folder that you may write to.",
                    e);
        }
        try {
            content.writeTo(temporary);
            Files.deleteIfExists(target);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            deleteTree(temporary);
        }
    }

    private static void deleteTree(Path root) throws IOException {
        if (Files.notExists(root)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
