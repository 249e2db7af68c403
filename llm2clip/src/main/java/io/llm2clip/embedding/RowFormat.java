package io.llm2clip.embedding;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.Item;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Rows as bytes: length and checksum of what follows, then the kind, the key, the name, a stamp that says which input it was, how many
 * texts were cut, and the vector or the reason why there is none. Big-endian.
 */
final class RowFormat {
    private static final byte[] MAGIC = "L2CROWS1".getBytes(StandardCharsets.US_ASCII);
    private static final int FRAME = 2 * Integer.BYTES;
    private static final int STAMP = 16;
    /** More than any row has; what claims more is damaged. */
    private static final int MAX_BYTES = 1 << 28;

    private final FileChannel channel;
    private final int vectorBytes;

    /** The beginning of a file, and where it ends. */
    record Header(Fingerprint job, long end) {}

    /**
     * A row.
     *
     * @param vector {@code [E]}, f32 in native byte order; null for what could not be embedded
     * @param reason of that
     * @param cut how many texts were cut since the row before
     * @param end where the next row begins
     */
    record Row(
            String kind,
            @Nullable String key,
            String name,
            byte[] stamp,
            @Nullable MemorySegment vector,
            @Nullable String reason,
            int cut,
            long end) {
        String label() {
            return key == null ? name : key;
        }

        /** Whether it is that of an item. */
        boolean isOf(Item item, byte[] stampOfItem) {
            return kind.equals(item.kind()) && label().equals(item.label()) && Arrays.equals(stamp, stampOfItem);
        }
    }

    /**
     * What a row says of its item.
     *
     * @param vector {@code [E]}, f32 in native byte order, or null
     * @param reason why there is none
     */
    record Content(
            byte[] stamp,
            int cut,
            @Nullable MemorySegment vector,
            @Nullable String reason) {}

    RowFormat(FileChannel channel, int dimension) {
        this.channel = channel;
        this.vectorBytes = Math.multiplyExact(dimension, Float.BYTES);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Says which input an item was, from what tells it from others. */
    static byte[] stamp(Object... parts) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(utf8(Arrays.toString(parts)));
            return Arrays.copyOf(hash, STAMP);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    /** @return where rows begin */
    static long writeHeader(FileChannel channel, Fingerprint job) throws IOException {
        byte[] text = utf8(job.text());
        ByteBuffer header = ByteBuffer.allocate(MAGIC.length + FRAME + text.length);
        header.put(MAGIC)
                .putInt(text.length)
                .putInt(checksum(ByteBuffer.wrap(text)))
                .put(text);
        write(channel, header.flip(), 0);
        return header.capacity();
    }

    /** Whether a file that is not empty begins as one of these does, as far as it goes. */
    static boolean isOurs(FileChannel channel) throws IOException {
        int length = (int) Math.min(MAGIC.length, channel.size());
        ByteBuffer start = read(channel, 0, length);
        return start != null && start.equals(ByteBuffer.wrap(MAGIC, 0, length));
    }

    /** Empty if the file does not begin with one. */
    static Optional<Header> readHeader(FileChannel channel) throws IOException {
        ByteBuffer frame = read(channel, 0, MAGIC.length + FRAME);
        if (frame == null || !frame.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return Optional.empty();
        }
        int length = frame.getInt(MAGIC.length);
        ByteBuffer text = length < 0 || length > MAX_BYTES ? null : read(channel, frame.capacity(), length);
        if (text == null || checksum(text.duplicate()) != frame.getInt(MAGIC.length + Integer.BYTES)) {
            return Optional.empty();
        }
        return Optional.of(new Header(
                Fingerprint.parse(StandardCharsets.UTF_8.decode(text).toString()), frame.capacity() + (long) length));
    }

    /** Writes a row at the end of the file. */
    Row append(long at, Item item, Content content) throws IOException {
        byte[] kind = utf8(item.kind());
        String itemKey = item.key();
        byte[] key = itemKey == null ? null : utf8(itemKey);
        byte[] name = utf8(item.name());
        byte[] reason = content.reason == null ? new byte[0] : utf8(content.reason);
        int length = 4 * Integer.BYTES
                + 1
                + kind.length
                + (key == null ? 0 : key.length)
                + name.length
                + STAMP
                + (content.vector == null ? reason.length : vectorBytes);
        ByteBuffer row = ByteBuffer.allocate(FRAME + length);
        row.position(FRAME);
        put(row, kind);
        if (key == null) {
            row.putInt(-1);
        } else {
            put(row, key);
        }
        put(row, name);
        row.put(content.stamp).putInt(content.cut).put((byte) (content.vector == null ? 0 : 1));
        if (content.vector == null) {
            row.put(reason);
        } else {
            row.put(content.vector.asByteBuffer());
        }
        row.putInt(0, length).putInt(Integer.BYTES, checksum(row.slice(FRAME, length)));
        write(channel, row.flip(), at);
        return new Row(
                item.kind(),
                itemKey,
                item.name(),
                content.stamp,
                content.vector,
                content.reason,
                content.cut,
                at + row.capacity());
    }

    private static void put(ByteBuffer target, byte[] bytes) {
        target.putInt(bytes.length).put(bytes);
    }

    /** Reads rows one after the other. */
    final class Cursor {
        private long at;

        private Cursor(long at) {
            this.at = at;
        }

        /** The next row; null where the file ends, or where a row is not whole. */
        @Nullable
        Row next() throws IOException {
            ByteBuffer frame = read(channel, at, FRAME);
            int length = frame == null ? -1 : frame.getInt(0);
            ByteBuffer bytes = length < 0 || length > MAX_BYTES ? null : read(channel, at + FRAME, length);
            if (frame == null || bytes == null || checksum(bytes.duplicate()) != frame.getInt(Integer.BYTES)) {
                return null;
            }
            at += FRAME + length;
            String kind = string(bytes, bytes.getInt());
            int keyLength = bytes.getInt();
            String key = keyLength < 0 ? null : string(bytes, keyLength);
            String name = string(bytes, bytes.getInt());
            byte[] stamp = new byte[STAMP];
            bytes.get(stamp);
            int cut = bytes.getInt();
            boolean embedded = bytes.get() == 1;
            byte[] rest = new byte[bytes.remaining()];
            bytes.get(rest);
            return new Row(
                    kind,
                    key,
                    name,
                    stamp,
                    embedded ? MemorySegment.ofArray(rest) : null,
                    embedded ? null : new String(rest, StandardCharsets.UTF_8),
                    cut,
                    at);
        }

        private static String string(ByteBuffer bytes, int length) {
            byte[] text = new byte[length];
            bytes.get(text);
            return new String(text, StandardCharsets.UTF_8);
        }
    }

    Cursor from(long position) {
        return new Cursor(position);
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes);
        return (int) checksum.getValue();
    }

    /** So many bytes; null where the file ends before. */
    private static @Nullable ByteBuffer read(FileChannel channel, long at, int length) throws IOException {
        if (channel.size() - at < length) {
            return null;
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                return null;
            }
        }
        return bytes.flip();
    }

    private static void write(FileChannel channel, ByteBuffer bytes, long at) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
    }
}
