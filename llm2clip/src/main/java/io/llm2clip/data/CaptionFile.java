package io.llm2clip.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The caption file of a data folder. */
final class CaptionFile {
    /** Folders named in a message. */
    private static final int NAMED = 5;

    private CaptionFile() {}

    /**
     * The file of a folder.
     *
     * @param format what it is made of, for the message
     * @throws InputException if there is none; names the folders below that have one
     */
    static Path require(Path folder, String format) {
        Path file = folder.resolve(CaptionedImages.CAPTIONS);
        if (Files.isRegularFile(file)) {
            return file;
        }
        List<Path> below = below(folder);
        if (below.isEmpty()) {
            throw new InputException(
                    "The data folder %s has no %s; %s".formatted(folder, CaptionedImages.CAPTIONS, format));
        }
        throw new InputException("The data folder %s has no %s; found %s%s with one, give one of these."
                .formatted(
                        folder,
                        CaptionedImages.CAPTIONS,
                        below.stream()
                                .limit(NAMED)
                                .map(path -> path.getFileName() + "/")
                                .collect(Collectors.joining(", ")),
                        below.size() > NAMED ? " and %d more".formatted(below.size() - NAMED) : ""));
    }

    private static List<Path> below(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> Files.isRegularFile(entry.resolve(CaptionedImages.CAPTIONS)))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            // A folder that cannot be listed has none to offer.
            return List.of();
        }
    }
}
