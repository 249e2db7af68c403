package io.llm2clip.data;

import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/** The names of the files of a {@link TextVectorStore}. */
public final class StoreFiles {
    /** A key and a checksum per vector. */
    static final String KEYS = "keys.bin";
    /** Says how many rows there were when they were finished. */
    static final String FINISHED = "finished";

    private static final String FILLED = "filled-";
    private static final String JSON = ".json";
    /** Marks of data sets of which all vectors are there, as a glob. */
    static final String MARKS = FILLED + "*" + JSON;

    private StoreFiles() {}

    /** The file that says that all vectors of a data set are there. */
    public static Path mark(Path store, String dataset) {
        return store.resolve(FILLED + dataset + JSON);
    }

    /** Whether a store writes files or folders of a name. */
    static boolean isOwn(String name) {
        return name.equals(KEYS)
                || name.equals(FINISHED)
                || Arrays.stream(StoredFloats.values()).map(StoredFloats::file).anyMatch(name::equals)
                || name.startsWith(FILLED) && name.endsWith(JSON)
                || VectorPart.isName(name);
    }

    /**
     * Checks a folder for a store: a new one does not lie among files of somebody else, whose folder was named by mistake.
     *
     * @throws InputException if it does
     */
    static void requireOwn(Path folder) {
        if (!Files.isDirectory(folder) || Files.exists(folder.resolve(KEYS))) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            Optional<String> foreign = files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !name.startsWith(".") && !isOwn(name))
                    .sorted()
                    .findFirst();
            if (foreign.isPresent()) {
                throw new InputException(
                        "%s: expected a store of text vectors or a new or empty folder, found other files (%s); choose another name."
                                .formatted(folder, foreign.get()));
            }
        } catch (IOException e) {
            throw new InputException("%s: cannot be read: %s.".formatted(folder, IoReason.of(e)), e);
        }
    }
}
