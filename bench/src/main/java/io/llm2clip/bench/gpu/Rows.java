package io.llm2clip.bench.gpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Results as JSON lines. Each is in the file when the next begins, so that what is cut off loses only what it was doing. */
final class Rows implements AutoCloseable {
    static final JsonMapper JSON = JsonMapper.builder().build();

    private final Writer writer;

    Rows(Path file) {
        try {
            writer = Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException("Results cannot be written to " + file + "; give a writable folder.", e);
        }
    }

    /** A row about some work; it counts when {@link #add}ed. */
    static ObjectNode row(String work) {
        return JSON.createObjectNode().put("work", work);
    }

    void add(ObjectNode row) {
        try {
            writer.write(JSON.writeValueAsString(row));
            writer.write('\n');
            writer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("A result cannot be written; free some room.", e);
        }
    }

    /** Says why some work gave no figure, and goes on. */
    void addFailure(String work, RuntimeException e) {
        add(row(work).put("error", String.valueOf(e.getMessage())));
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
