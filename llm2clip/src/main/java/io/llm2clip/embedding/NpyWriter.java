package io.llm2clip.embedding;

import io.llm2clip.data.Item;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Writes vectors as NumPy's {@code .npy} file, version 1.0: an array {@code [rows, E]} of little-endian values in row-major order, which
 * {@code numpy.load} opens, also memory-mapped. It has no place for the names of rows.
 */
public final class NpyWriter implements VectorFile {
    /** The header with its padding; the data that follows is aligned to 64 bytes, as NumPy does. */
    private static final int HEADER_BYTES = 128;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

    private final FileChannel channel;
    private final VectorType type;
    private final ByteBuffer row;
    private final int dimension;
    private long rows;

    /**
     * Begins a file.
     *
     * @param channel of an empty regular file, at its beginning
     * @param dimension E
     */
    public NpyWriter(FileChannel channel, VectorType type, int dimension) throws IOException {
        this.channel = channel;
        this.type = type;
        this.dimension = dimension;
        this.row = ByteBuffer.allocateDirect(Math.multiplyExact(type.bytes(), dimension))
                .order(ByteOrder.LITTLE_ENDIAN);
        VectorFile.write(channel, header());
    }

    @Override
    public void add(Item item, MemorySegment vector) throws IOException {
        VectorFile.requireLength(vector, dimension);
        type.put(vector, row.clear());
        VectorFile.write(channel, row.flip());
        rows++;
    }

    /** The header says how many vectors there are. */
    @Override
    public void finish() throws IOException {
        channel.position(0);
        VectorFile.write(channel, header());
        channel.position(channel.size());
    }

    private ByteBuffer header() {
        String description = String.format(
                Locale.ROOT,
                "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }",
                switch (type) {
                    case F32 -> "<f4";
                    case F16 -> "<f2";
                },
                rows,
                dimension);
        int length = HEADER_BYTES - MAGIC.length - Short.BYTES;
        String padded = description + " ".repeat(length - 1 - description.length()) + "\n";
        return ByteBuffer.allocate(HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .putShort((short) length)
                .put(padded.getBytes(StandardCharsets.US_ASCII))
                .flip();
    }
}
