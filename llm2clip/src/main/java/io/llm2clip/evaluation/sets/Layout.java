package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A layout that a data set is published in.
 *
 * @param marker name of the file or folder that shows it
 * @param reader reads the set, given the marker's path
 */
record Layout<T>(String marker, Function<Path, T> reader) {
    /** Folders that annotations are unpacked to, below that of the set. */
    private static final List<String> BELOW = List.of("", "annotations", "test", "coco-cn-version1805v1.1");

    /** Entries of a folder that a message names. */
    private static final int NAMED = 5;

    /**
     * Reads a set in the first layout whose marker is there.
     *
     * @param remedy what to do if there is none, as part of a sentence
     * @throws InputException if there is none, or what is there cannot be used
     */
    static <T> T read(String title, Path folder, String remedy, List<Layout<T>> layouts) {
        if (!Files.isDirectory(folder)) {
            throw new InputException("%s: the folder %s does not exist; %s.".formatted(title, folder, remedy));
        }
        for (Layout<T> layout : layouts) {
            for (String below : BELOW) {
                Path marker = folder.resolve(below).resolve(layout.marker);
                if (Files.exists(marker)) {
                    return layout.reader.apply(marker);
                }
            }
        }
        throw new InputException("%s: expected %s in the folder %s, found %s; %s."
                .formatted(
                        title,
                        layouts.stream().map(Layout::marker).collect(Collectors.joining(" or ")),
                        folder,
                        contents(folder),
                        remedy));
    }

    /** What a folder holds, as part of a sentence. */
    static String contents(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            String[] names = entries.map(entry -> entry.getFileName() + (Files.isDirectory(entry) ? "/" : ""))
                    .sorted()
                    .toArray(String[]::new);
            if (names.length == 0) {
                return "an empty folder";
            }
            String more = names.length > NAMED ? " and %d more".formatted(names.length - NAMED) : "";
            return Arrays.stream(names).limit(NAMED).collect(Collectors.joining(", ")) + more;
        } catch (IOException e) {
            throw new InputException("The folder %s cannot be read (%s).".formatted(folder, IoReason.of(e)), e);
        }
    }
}
