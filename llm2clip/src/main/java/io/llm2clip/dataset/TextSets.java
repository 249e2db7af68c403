package io.llm2clip.dataset;

import io.llm2clip.data.CaptionedImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Opens whatever a user names as texts to learn from; images that belong to them are not asked for. */
public final class TextSets {
    private static final String LINES = ".jsonl";

    private TextSets() {}

    /**
     * Opens a file of JSON lines as {@link TextFile} describes it, the {@code captions.jsonl} of a folder, all {@code .jsonl} files of a
     * folder without one, each of which is a set, or what {@link ExampleSets} opens.
     *
     * @param columns which columns or keys are captions, where there are any
     * @throws io.llm2clip.data.InputException if it is none of these or cannot be used
     */
    public static List<ExampleSet> open(String name, CaptionColumns columns) {
        if (name.toLowerCase(Locale.ROOT).endsWith(LINES)) {
            return List.of(TextFile.open(Path.of(name)));
        }
        if (!name.contains("{") && Files.isDirectory(Path.of(name))) {
            Path folder = Path.of(name);
            Path captions = folder.resolve(CaptionedImages.CAPTIONS);
            if (Files.isRegularFile(captions)) {
                return List.of(TextFile.open(captions));
            }
            List<Path> files = files(folder);
            if (!files.isEmpty()) {
                return files.stream()
                        .map(file -> (ExampleSet) TextFile.open(file))
                        .toList();
            }
        }
        return List.of(ExampleSets.open(name, columns));
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(LINES) && Files.isRegularFile(file))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("The folder " + folder + " cannot be listed.", e);
        }
    }
}
