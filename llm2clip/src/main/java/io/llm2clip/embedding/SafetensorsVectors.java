package io.llm2clip.embedding;

import io.llm2clip.data.Item;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;

/**
 * Writes vectors as a safetensors file of four tensors: {@code embeddings [N, E]}, {@code keys [bytes]} of U8, the UTF-8 of all labels one
 * after the other, {@code key_ends [N]} of I64, where each of them ends, and {@code is_text [N]} of BOOL. Labels are a tensor because the
 * format's own metadata is read into memory as a whole, and limited to 100 MB.
 */
public final class SafetensorsVectors implements VectorFile {
    private final FileChannel channel;
    private final VectorType type;
    private final int dimension;
    private final Sizes sizes;
    private final ByteBuffer buffer;
    private final Part ends;
    private final Part embeddings;
    private final Part isText;
    private final Part keys;
    private long rows;
    private long end;

    /**
     * What has to be known first.
     *
     * @param rows N
     * @param keyBytes the UTF-8 of all labels
     */
    public record Sizes(long rows, long keyBytes) {}

    /** A tensor, which is written by and by. */
    private static final class Part {
        private final long begin;
        private long position;

        Part(long begin) {
            this.begin = begin;
            this.position = begin;
        }
    }

    /**
     * Begins a file.
     *
     * @param channel of an empty regular file, at its beginning
     * @param dimension E
     */
    public SafetensorsVectors(FileChannel channel, VectorType type, int dimension, Sizes sizes) throws IOException {
        this.channel = channel;
        this.type = type;
        this.dimension = dimension;
        this.sizes = sizes;
        this.buffer = ByteBuffer.allocateDirect(Math.max(Long.BYTES, Math.multiplyExact(type.bytes(), dimension)))
                .order(ByteOrder.LITTLE_ENDIAN);
        // Wide types first, so that every tensor is aligned.
        long vectors = Math.multiplyExact(sizes.rows, (long) type.bytes() * dimension);
        long[] offsets = new long[5];
        offsets[1] = Math.multiplyExact(sizes.rows, Long.BYTES);
        offsets[2] = Math.addExact(offsets[1], vectors);
        offsets[3] = Math.addExact(offsets[2], sizes.keyBytes);
        offsets[4] = Math.addExact(offsets[3], sizes.rows);
        String json = "{\"__metadata__\":{\"format\":\"pt\"},"
                + entry("key_ends", "I64", sizes.rows + "", offsets[0], offsets[1])
                + ","
                + entry("embeddings", type.name(), sizes.rows + "," + dimension, offsets[1], offsets[2])
                + ","
                + entry("keys", "U8", sizes.keyBytes + "", offsets[2], offsets[3])
                + ","
                + entry("is_text", "BOOL", sizes.rows + "", offsets[3], offsets[4])
                + "}";
        byte[] header = json.getBytes(StandardCharsets.US_ASCII);
        int padded = (header.length + 7) / 8 * 8;
        ByteBuffer beginning = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        beginning.putLong(padded).put(header);
        while (beginning.hasRemaining()) {
            beginning.put((byte) ' ');
        }
        VectorFile.write(channel, beginning.flip());
        long data = beginning.capacity();
        ends = new Part(data);
        embeddings = new Part(data + offsets[1]);
        keys = new Part(data + offsets[2]);
        isText = new Part(data + offsets[3]);
    }

    private static String entry(String name, String type, String shape, long begin, long end) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                .formatted(name, type, shape, begin, end);
    }

    @Override
    public void add(Item item, MemorySegment vector) throws IOException {
        VectorFile.requireLength(vector, dimension);
        byte[] label = item.label().getBytes(StandardCharsets.UTF_8);
        end += label.length;
        type.put(vector, buffer.clear());
        write(embeddings, buffer.flip());
        write(keys, ByteBuffer.wrap(label));
        write(ends, buffer.clear().putLong(end).flip());
        write(
                isText,
                buffer.clear().put((byte) (item instanceof Item.Text ? 1 : 0)).flip());
        rows++;
    }

    private void write(Part part, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            part.position += channel.write(bytes, part.position);
        }
    }

    @Override
    public void finish() throws IOException {
        if (rows != sizes.rows || keys.position - keys.begin != sizes.keyBytes) {
            throw new IllegalStateException("Expected %d rows and %d bytes of labels, found %d and %d."
                    .formatted(sizes.rows, sizes.keyBytes, rows, keys.position - keys.begin));
        }
        channel.position(channel.size());
    }
}
