package io.llm2clip.training;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.StoreFiles;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.nn.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Says in a store that it has the vectors of all captions of a data set: looking for each of millions takes minutes. */
final class FilledMark {
    private static final JsonMapper JSON = JsonMapper.shared();
    /** Of the data's digest, in a file's name. */
    private static final int DIGITS = 32;

    private final TextVectorStore store;
    private final Path file;

    /**
     * What is written.
     *
     * @param vectors that there were
     * @param keys their checksum: a store that was deleted and filled with other captions has others
     */
    private record Mark(int vectors, long keys, TextVectors.Filled filled) {}

    FilledMark(TextVectorStore store, ExampleSet data) {
        this.store = store;
        this.file =
                StoreFiles.mark(store.folder(), Fingerprint.hash(data.digest()).substring(0, DIGITS));
    }

    /** What was filled, if the store still has it. */
    Optional<TextVectors.Filled> read() {
        try {
            Mark mark = JSON.readValue(Files.readAllBytes(file), Mark.class);
            boolean there = mark.filled != null
                    && store.size() >= mark.vectors
                    && store.keysChecksum(mark.vectors) == mark.keys;
            return there ? Optional.of(mark.filled) : Optional.empty();
        } catch (IOException | JacksonException e) {
            // There is none, or it was cut off; then the captions are looked for.
            return Optional.empty();
        }
    }

    /** After the store was finished. */
    void write(TextVectors.Filled filled) {
        int vectors = store.size();
        AtomicFile.write(file, JSON.writeValueAsBytes(new Mark(vectors, store.keysChecksum(vectors), filled)));
    }
}
