package io.llm2clip.cli;

import io.llm2clip.nn.checkpoint.AtomicFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** How a file of vectors is written; the extension of its name decides. */
enum VectorFormat {
    /** An object per line: the name and the values. */
    JSON_LINES(".jsonl", ".json"),
    /** A line per vector: the name, a tab, the values. */
    LINES(".tsv", ".txt"),
    /** NumPy's array, vectors by values. */
    NUMPY(".npy"),
    /** Columns with the keys, the kinds and the vectors. */
    PARQUET(".parquet"),
    /** Tensors with the vectors and the keys. */
    SAFETENSORS(".safetensors");

    private final List<String> extensions;

    VectorFormat(String... extensions) {
        this.extensions = List.of(extensions);
    }

    /**
     * The format of a file. A pipe or device without one of the extensions gets JSON lines.
     *
     * @throws IllegalArgumentException if the extension says nothing, or the format cannot be written to a pipe
     */
    static VectorFormat of(Path file) {
        String name =
                file.getFileName() == null ? "" : file.getFileName().toString().toLowerCase(Locale.ROOT);
        boolean stream = AtomicFile.isStream(file);
        for (VectorFormat format : values()) {
            if (format.extensions.stream().anyMatch(name::endsWith)) {
                if (stream && format.isBinary()) {
                    throw new IllegalArgumentException(
                            "%s: expected a regular file for %s, which is not written from its beginning to its end, found a pipe or device; use .jsonl or .tsv."
                                    .formatted(file, format.extensions.getFirst()));
                }
                return format;
            }
        }
        if (stream) {
            return JSON_LINES;
        }
        throw new IllegalArgumentException(
                "%s: expected a name that ends with .jsonl, .json, .tsv, .txt, .npy, .parquet or .safetensors, which decides the format."
                        .formatted(file));
    }

    /** Whether values are bytes in the file rather than decimal numbers, and so have a type. */
    boolean isBinary() {
        return switch (this) {
            case JSON_LINES, LINES -> false;
            case NUMPY, PARQUET, SAFETENSORS -> true;
        };
    }
}
