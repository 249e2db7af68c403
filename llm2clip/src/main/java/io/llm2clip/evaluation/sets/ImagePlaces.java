package io.llm2clip.evaluation.sets;

import io.llm2clip.data.DataFolder;
import io.llm2clip.data.DataFolder.Entry;
import io.llm2clip.data.FileNames;
import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the images of a data set may lie: its folder, and folders below or beside with the names that people unpack them to. An
 * annotation cannot name anything outside of these.
 */
final class ImagePlaces {
    private final List<DataFolder> places = new ArrayList<>();

    private final boolean anywhere;

    private ImagePlaces(boolean anywhere) {
        this.anywhere = anywhere;
    }

    /** Takes any name, for what looks at captions only. */
    static ImagePlaces anywhere() {
        return new ImagePlaces(true);
    }

    /** Those of {@code names} that are folders in one of {@code roots}; an empty name is a root itself. */
    static ImagePlaces of(List<Path> roots, String... names) {
        ImagePlaces found = new ImagePlaces(false);
        for (Path root : roots) {
            for (String name : names) {
                Path place = root.resolve(name);
                if (Files.isDirectory(place)) {
                    found.places.add(new DataFolder(place));
                }
            }
        }
        return found;
    }

    /**
     * The file of an image: under the whole name, or, since annotations begin their paths in various folders, under its last part.
     *
     * @throws BadLineException if the name is no path
     */
    Entry find(String name) throws BadLineException {
        if (anywhere) {
            return new DataFolder.Found(Path.of("none"));
        }
        FileNames.requireAsWritten(name);
        Entry found = find(name, places);
        int last = name.lastIndexOf('/');
        return found instanceof DataFolder.Missing && last >= 0 ? find(name.substring(last + 1), places) : found;
    }

    private static Entry find(String name, List<DataFolder> places) throws BadLineException {
        Entry result = new DataFolder.Missing();
        for (DataFolder place : places) {
            Entry entry = place.find(name);
            if (entry instanceof DataFolder.Found) {
                return entry;
            }
            if (entry instanceof DataFolder.Outside) {
                result = entry;
            }
        }
        return result;
    }
}
