package io.llm2clip.dataset;

import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;

/** Opens whatever a user names. */
public final class ExampleSets {
    private ExampleSets() {}

    /**
     * Opens a folder with a captions.jsonl, a table ({@code .csv}, {@code .tsv}), tar files: a folder of them, one, or a pattern such as
     * {@code data/{00000..00287}.tar}.
     *
     * @param columns which columns or keys are captions, where there are any
     * @throws InputException if it is none of these or cannot be used
     */
    public static ExampleSet open(String name, CaptionColumns columns) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".csv") || lower.endsWith(".tsv")) {
            return CaptionTable.open(path(name), columns);
        }
        if (name.contains("{") || lower.endsWith(".tar") || lower.endsWith(".tgz") || lower.contains(".tar.")) {
            return WebDataset.open(name, columns);
        }
        Path folder = path(name);
        if (!Files.isDirectory(folder)) {
            throw new InputException(
                    "%s is no data set; expected a folder with a %s or with tar files, a .csv, .tsv or .tar file, or a pattern such as data/{00000..00287}.tar."
                            .formatted(name, CaptionedImages.CAPTIONS));
        }
        boolean lines = Files.isRegularFile(folder.resolve(CaptionedImages.CAPTIONS));
        return lines || TarShard.shards(folder).isEmpty() ? CaptionFolder.open(folder) : WebDataset.open(name, columns);
    }

    private static Path path(String name) {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new InputException("%s is no path (%s).".formatted(name, e.getReason()), e);
        }
    }
}
