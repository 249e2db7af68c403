package io.llm2clip.data;

import io.llm2clip.data.JsonLines.BadLineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The folder that a caption file speaks of. Its paths cannot name anything outside, not even by symbolic links: a data set
 * from elsewhere must not make a program read what its user did not give.
 */
public final class DataFolder {
    /** Directories that are known to be inside, or not: a list may name one for each image. */
    private static final int KNOWN = 1 << 12;

    private final Path root;
    private final Path realRoot;
    private final Map<Path, Boolean> inside = new HashMap<>();

    /** @throws InputException if the folder cannot be read */
    public DataFolder(Path folder) {
        root = folder.toAbsolutePath().normalize();
        try {
            realRoot = folder.toRealPath();
        } catch (IOException e) {
            throw new InputException("The data folder %s cannot be read (%s).".formatted(folder, e.getMessage()), e);
        }
    }

    /** What a path names. */
    public sealed interface Entry {}

    /** A regular file of the folder. */
    public record Found(Path file) implements Entry {}

    /** Nothing, or no regular file. */
    public record Missing() implements Entry {}

    /** Something outside. */
    public record Outside(String reason) implements Entry {}

    /**
     * What a relative path names.
     *
     * @throws BadLineException if it is none
     */
    public Entry find(String name) throws BadLineException {
        Path file;
        try {
            Path relative = Path.of(name);
            file = root.resolve(relative).normalize();
            if (relative.isAbsolute() || !file.startsWith(root)) {
                return new Outside("image path leaves the folder");
            }
        } catch (InvalidPathException e) {
            throw new BadLineException("\"image\" is not a path", String.valueOf(e.getReason()));
        }
        if (!Files.isRegularFile(file)) {
            return new Missing();
        }
        return isInside(file) ? new Found(file) : new Outside("image path leaves the folder by a link");
    }

    private boolean isInside(Path file) {
        if (inside.size() == KNOWN) {
            inside.clear();
        }
        // The files of a directory share its links, so each directory is resolved once.
        return Files.isSymbolicLink(file)
                ? resolvesInside(file)
                : inside.computeIfAbsent(file.getParent(), this::resolvesInside);
    }

    private boolean resolvesInside(Path path) {
        try {
            return path.toRealPath().startsWith(realRoot);
        } catch (IOException e) {
            return false;
        }
    }
}
