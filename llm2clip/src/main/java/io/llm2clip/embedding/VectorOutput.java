package io.llm2clip.embedding;

import io.llm2clip.data.InputException;
import io.llm2clip.data.Item;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Makes the file of a finished job from its rows: it appears whole or not at all. */
public final class VectorOutput {
    private VectorOutput() {}

    /** Begins a file. */
    @FunctionalInterface
    public interface Opening {
        /** @param sizes what some formats say at their beginning */
        VectorFile open(FileChannel channel, SafetensorsVectors.Sizes sizes) throws IOException;
    }

    /**
     * Writes a file.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it cannot be written; the rows stay
     */
    public static void publish(WorkingFile rows, Path output, Opening opening) {
        AtomicFile.write(output, channel -> {
            VectorFile file = opening.open(channel, rows.sizes());
            rows.forEach(row -> {
                MemorySegment vector = row.vector();
                if (vector == null) {
                    file.skip(item(row), String.valueOf(row.reason()));
                } else {
                    file.add(item(row), vector);
                }
            });
            file.finish();
        });
    }

    /** The items with vectors, in their order. */
    public static void labels(WorkingFile rows, Consumer<Item> target) {
        try {
            rows.forEach(row -> {
                if (row.vector() != null) {
                    target.accept(item(row));
                }
            });
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(rows.path(), IoReason.of(e)), e);
        }
    }

    private static Item item(RowFormat.Row row) {
        return switch (row.kind()) {
            case "image" -> new Item.Image(row.name(), Path.of(""), row.key());
            case "text" -> new Item.Text(row.name(), row.key());
            default -> new Item.Unusable(row.kind(), row.name(), row.key(), String.valueOf(row.reason()));
        };
    }
}
