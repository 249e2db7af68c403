package io.llm2clip.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The first {@link #BYTES} bytes of a vector file: magic, version, dimension, fingerprint length, fingerprint, and a
 * CRC-32C of all that in the last four bytes.
 */
record StoreHeader(Fingerprint fingerprint, int dimension, StoredFloats type) {
    static final int BYTES = 4096;
    private static final long MAGIC = 0x4c32435645435430L;
    private static final int FIXED = Long.BYTES + 3 * Integer.BYTES;
    private static final int CHECKSUM = BYTES - Integer.BYTES;

    StoreHeader {
        int length = bytes(fingerprint).length;
        if (dimension < 1 || FIXED + length > CHECKSUM) {
            throw new IllegalArgumentException(
                    "A text vector store needs a positive dimension and a fingerprint of at most %d bytes, found %d and %d bytes."
                            .formatted(CHECKSUM - FIXED, dimension, length));
        }
    }

    /** What differs, for people. */
    String differences(StoreHeader other) {
        String parts = fingerprint.differences(other.fingerprint);
        String values = dimension == other.dimension
                ? ""
                : "%d values per vector, not %d".formatted(other.dimension, dimension);
        return parts + (parts.isEmpty() || values.isEmpty() ? "" : ", ") + values;
    }

    private static byte[] bytes(Fingerprint fingerprint) {
        return fingerprint.text().getBytes(StandardCharsets.UTF_8);
    }

    ByteBuffer toBytes() {
        byte[] name = bytes(fingerprint);
        ByteBuffer buffer = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(MAGIC)
                .putInt(type.version())
                .putInt(dimension)
                .putInt(name.length)
                .put(name);
        buffer.putInt(CHECKSUM, checksum(buffer));
        return buffer.rewind();
    }

    /** Reads the header of a file of such values; {@code name} stands for the store in messages. */
    static StoreHeader read(ByteBuffer bytes, StoredFloats type, String name) {
        ByteBuffer buffer = bytes.order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.remaining() < BYTES || buffer.getLong(0) != MAGIC || buffer.getInt(8) != type.version()) {
            throw new InputException("The text vector store %s is not of version %d; delete it to build it anew."
                    .formatted(name, type.version()));
        }
        if (buffer.getInt(CHECKSUM) != checksum(buffer)) {
            throw new InputException(
                    "The text vector store %s has a damaged header; delete it to build it anew.".formatted(name));
        }
        byte[] fingerprint = new byte[buffer.getInt(16)];
        buffer.get(FIXED, fingerprint);
        return new StoreHeader(
                Fingerprint.parse(new String(fingerprint, StandardCharsets.UTF_8)), buffer.getInt(12), type);
    }

    private static int checksum(ByteBuffer buffer) {
        var crc = new CRC32C();
        crc.update(buffer.array(), 0, CHECKSUM);
        return (int) crc.getValue();
    }
}
