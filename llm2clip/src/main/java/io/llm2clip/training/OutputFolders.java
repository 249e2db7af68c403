package io.llm2clip.training;

import io.llm2clip.nn.checkpoint.CheckpointException;
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

    /**
     * Writes what comes after the model.
     *
     * @param model where it is saved already
     * @throws CheckpointException which says so, if that fails
     */
    static void writeAfter(Path model, Runnable writing) {
        try {
            writing.run();
        } catch (CheckpointException e) {
            throw new CheckpointException(
                    "The model is saved as %s, but what comes with it is not: %s".formatted(model, e.getMessage()), e);
        }
    }

    /** A root, or nothing, is refused where it is claimed. */
    private static boolean isName(Path folder) {
        return !folder.toString().isEmpty() && whole(folder).getParent() != null;
    }

    private static Path whole(Path path) {
        return path.toAbsolutePath().normalize();
    }
}
