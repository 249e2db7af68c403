package io.llm2clip.training;

import java.nio.file.Path;
import java.util.Map;

/** The folders that a training writes to: none in another, because one of them is replaced as a whole. */
final class OutputFolders {
    private OutputFolders() {}

    /**
     * Checks folders.
     *
     * @param folders by what they are for, such as "model"
     * @throws IllegalArgumentException if one is the same as another or in it
     */
    static void requireApart(Map<String, Path> folders) {
        folders.forEach((outer, other) -> folders.forEach((inner, path) -> {
            if (!inner.equals(outer) && isName(other) && whole(path).startsWith(whole(other))) {
                throw new IllegalArgumentException(
                        "The folder for the %s, %s, is in that for the %s, %s; choose one beside it."
                                .formatted(inner, path, outer, other));
            }
        }));
    }

    /** A root, or nothing, is refused where it is claimed. */
    private static boolean isName(Path folder) {
        return !folder.toString().isEmpty() && whole(folder).getParent() != null;
    }

    private static Path whole(Path path) {
        return path.toAbsolutePath().normalize();
    }
}
