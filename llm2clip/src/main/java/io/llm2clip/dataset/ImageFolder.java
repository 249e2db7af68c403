package io.llm2clip.dataset;

import io.llm2clip.data.DataFolder;
import io.llm2clip.data.FileNames;
import io.llm2clip.data.InputException;
import io.llm2clip.data.JsonLines;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The folders that the paths of a table count from, none of which they may leave. Safe for use by several threads. */
final class ImageFolder {
    /** Columns that name image files. */
    private static final Set<String> COLUMNS =
            Set.of("image", "images", "image_path", "image path", "filepath", "file_name", "filename", "path");

    private final Path shown;
    private final List<DataFolder> folders;

    /** The folder that a file lies in. */
    static ImageFolder of(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return new ImageFolder(List.of(folder == null ? Path.of("").toAbsolutePath() : folder));
    }

    /** @param folders that are looked through in turn, at least one */
    ImageFolder(List<Path> folders) {
        this.shown = folders.getFirst();
        this.folders = folders.stream().map(DataFolder::new).toList();
    }

    /** Whether a column of this name has paths of images. */
    static boolean isColumn(String name) {
        return COLUMNS.contains(name.toLowerCase(Locale.ROOT));
    }

    /**
     * The image of a path.
     *
     * @param example what names it, for messages
     * @throws InputException if there is no such file, or it is an address or lies outside
     */
    synchronized ExampleImage find(String example, String name) {
        if (name.startsWith("http://") || name.startsWith("https://")) {
            throw new InputException(
                    "The image of %s is an address, %s; fetch it first and name the file.".formatted(example, name));
        }
        FileNames.requireAsWritten(name);
        try {
            for (DataFolder folder : folders) {
                switch (folder.find(name)) {
                    case DataFolder.Found found -> {
                        return new ExampleImage.OfFile(found.file());
                    }
                    case DataFolder.Outside outside ->
                        throw new InputException(
                                "The %s of %s (%s): expected a path within %s; put the table above its images."
                                        .formatted(outside.reason(), example, name, shown));
                    case DataFolder.Missing _ -> {}
                }
            }
        } catch (JsonLines.BadLineException e) {
            throw new InputException("The image of %s is no path (%s).".formatted(example, e.detail()), e);
        }
        throw new InputException("The image %s of %s is not in %s; add it.".formatted(name, example, shown));
    }
}
