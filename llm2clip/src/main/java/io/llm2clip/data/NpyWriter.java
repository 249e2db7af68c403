package io.llm2clip.data;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Writes vectors as NumPy's {@code .npy} file, version 1.0: an array {@code [rows, D]} of little-endian f32 in row-major order, which
 * {@code numpy.load} opens, also memory-mapped.
 */
public final class NpyWriter {
    /** The header with its padding; the data that follows is aligned to 64 bytes, as NumPy does. */
    private static final int HEADER_BYTES = 128;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

    private static final ValueLayout.OfFloat LITTLE_ENDIAN =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final FileChannel channel;
    private final ByteBuffer row;
    private final int dimension;
    private long rows;

    /**
     * Begins a file.
     *
     * @param channel of an empty regular file, at its beginning
     * @param dimension D
     */
    public NpyWriter(FileChannel channel, int dimension) throws IOException {
        this.channel = channel;
        this.dimension = dimension;
        this.row = ByteBuffer.allocateDirect(Math.multiplyExact(Float.BYTES, dimension));
        write(header());
    }

    /** Adds a vector {@code [D]} of f32 in native byte order. */
    public void add(MemorySegment vector) throws IOException {
        if (vector.byteSize() != row.capacity()) {
            throw new IllegalArgumentException("Expected a vector of %d values, found one of %d."
                    .formatted(dimension, vector.byteSize() / Float.BYTES));
        }
        MemorySegment.copy(
                vector,
                ValueLayout.JAVA_FLOAT_UNALIGNED,
                0,
                MemorySegment.ofBuffer(row.clear()),
                LITTLE_ENDIAN,
                0,
                dimension);
        write(row);
        rows++;
    }

    /** Completes the file: the header says how many vectors there are. */
    public void finish() throws IOException {
        channel.position(0);
        write(header());
        channel.position(channel.size());
    }

    private ByteBuffer header() {
        String description = String.format(
                Locale.ROOT, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, dimension);
        int length = HEADER_BYTES - MAGIC.length - Short.BYTES;
        String padded = description + " ".repeat(length - 1 - description.length()) + "\n";
        return ByteBuffer.allocate(HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .putShort((short) length)
                .put(padded.getBytes(StandardCharsets.US_ASCII))
                .flip();
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
