package io.llm2clip.cli;

import io.llm2clip.data.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Images as users name them: files, and folders that stand for all images below. */
final class ImageFiles {
    private static final Set<String> EXTENSIONS = Set.of("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff");

    private ImageFiles() {}

    /**
     * The files in the given order, those of a folder by name.
     *
     * @throws InputException if a folder holds no image or cannot be read
     */
    static List<Path> of(List<Path> named) {
        List<Path> files = new ArrayList<>();
        for (Path path : named) {
            files.addAll(Files.isDirectory(path) ? below(path) : List.of(path));
        }
        return files;
    }

    private static List<Path> below(Path folder) {
        try (Stream<Path> paths = Files.walk(folder)) {
            List<Path> files = paths.filter(path -> Files.isRegularFile(path) && isImage(path))
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new InputException(
                        "The folder %s holds no images; expected files named *.jpg, *.png, *.webp, *.gif, *.bmp or *.tiff."
                                .formatted(folder));
            }
            return files;
        } catch (IOException | UncheckedIOException e) {
            throw new InputException("The folder %s cannot be read (%s).".formatted(folder, e.getMessage()), e);
        }
    }

    private static boolean isImage(Path path) {
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        return EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1));
    }
}
