package io.llm2clip.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Images as users name them: files, and folders that stand for all images below.
 *
 * @param files in the given order, those of a folder by name
 * @param leftOut a sentence for each kind of thing that was left out: formats that are not read, folders that cannot be
 *     opened, links that lead nowhere
 */
public record ImageFiles(List<Path> files, List<String> leftOut) {
    public ImageFiles {
        files = List.copyOf(files);
        leftOut = List.copyOf(leftOut);
    }

    /**
     * Finds the files. Folders are searched with all folders below and those that links lead to, each once; hidden entries
     * and what systems leave among pictures do not count.
     *
     * @throws InputException if a folder holds no image or cannot be read
     */
    public static ImageFiles of(List<Path> named) {
        return of(named, true);
    }

    /** The same; folders below those that were named are searched only if {@code recursive}. */
    public static ImageFiles of(List<Path> named, boolean recursive) {
        List<Path> files = new ArrayList<>();
        ImageSearch.Findings findings = new ImageSearch.Findings();
        for (Path path : named) {
            if (Files.isDirectory(path)) {
                files.addAll(new ImageSearch(findings, ImageSearch::list, recursive).below(path));
            } else {
                files.add(path);
            }
        }
        return new ImageFiles(files, findings.sentences());
    }
}
