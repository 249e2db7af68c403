package io.llm2clip.demo.scenes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** Decides whether what is already at the target can be used. */
final class ExistingDataSet {
    private ExistingDataSet() {}

    /**
     * True if the complete data set is there, false if nothing is there.
     *
     * @throws IOException if anything else is there
     */
    static boolean matches(Path target, DemoDataSetOptions options) throws IOException {
        if (!Files.exists(target)) {
            return false;
        }
        if (!Files.isDirectory(target)) {
            throw new IOException(target + " is a file, but the data set needs a folder; name another one.");
        }
        if (Files.notExists(target.resolve(Manifest.FILE))) {
            if (count(target) == 0) {
                return false;
            }
            throw new IOException(target + " holds files but no " + Manifest.FILE
                    + ", so it is not a demo data set; name an empty or new folder.");
        }
        JsonNode found = Manifest.read(target);
        JsonNode expected = Manifest.of(options);
        if (!found.equals(expected)) {
            throw new IOException(target + " holds a data set with other options: expected " + expected + ", found "
                    + found + "; name another folder or delete this one.");
        }
        for (Split split : Split.values()) {
            requireComplete(target, split, split.images(options));
        }
        for (Path file : new Path[] {Split.TEST.otherWords(target), Split.textCorpus(target)}) {
            requireFile(target, file);
        }
        return true;
    }

    private static void requireComplete(Path target, Split split, int expected) throws IOException {
        requireFile(target, split.captions(target));
        Path images = split.images(target);
        long found = Files.isDirectory(images) ? count(images) : 0;
        if (found != expected) {
            throw new IOException(images + " holds " + found + " images instead of " + expected + "; delete " + target
                    + " and write the data set again.");
        }
    }

    private static void requireFile(Path target, Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + " is missing; delete " + target + " and write the data set again.");
        }
    }

    private static long count(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.count();
        }
    }
}
