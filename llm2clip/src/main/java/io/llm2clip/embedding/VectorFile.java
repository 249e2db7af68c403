package io.llm2clip.embedding;

import io.llm2clip.data.Item;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** A file of vectors that is written from its beginning to its end. */
public interface VectorFile {
    /**
     * Adds a vector.
     *
     * @param vector {@code [E]}, f32 in native byte order
     */
    void add(Item item, MemorySegment vector) throws IOException;

    /** An item has no vector; formats with a place for it say why. */
    default void skip(Item item, String reason) throws IOException {}

    /** Completes the file. */
    void finish() throws IOException;

    /** @throws IllegalArgumentException if a vector has another length than {@code dimension} */
    static void requireLength(MemorySegment vector, int dimension) {
        if (vector.byteSize() != (long) dimension * Float.BYTES) {
            throw new IllegalArgumentException("Expected a vector of %d values, found one of %d."
                    .formatted(dimension, vector.byteSize() / Float.BYTES));
        }
    }

    /** Writes all that remains in a buffer. */
    static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
