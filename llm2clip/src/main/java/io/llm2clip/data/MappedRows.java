package io.llm2clip.data;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/**
 * The first rows of a {@link TextVectorStore}, memory-mapped.
 *
 * @param arena closing it unmaps them
 * @param vectors rows of {@code dimension} values
 * @param keys entries of {@link #ENTRY_BYTES}
 * @param count of rows
 * @param dimension D
 * @param type of the values
 */
record MappedRows(Arena arena, MemorySegment vectors, MemorySegment keys, int count, int dimension, StoredFloats type)
        implements AutoCloseable {
    /** A key and the checksum of its row. */
    static final int ENTRY_BYTES = TextKey.BYTES + Integer.BYTES;

    private static final long PIECE = 1 << 30;

    static final MappedRows NONE =
            new MappedRows(Arena.global(), MemorySegment.NULL, MemorySegment.NULL, 0, 1, StoredFloats.F32);

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    static MappedRows map(FileChannel vectors, FileChannel keys, int count, int dimension, StoredFloats type)
            throws IOException {
        if (count == 0) {
            return NONE;
        }
        Arena arena = Arena.ofShared();
        try {
            long bytes = (long) count * dimension * type.bytes();
            return new MappedRows(
                    arena,
                    vectors.map(FileChannel.MapMode.READ_ONLY, StoreHeader.BYTES, bytes, arena),
                    keys.map(FileChannel.MapMode.READ_ONLY, 0, (long) count * ENTRY_BYTES, arena),
                    count,
                    dimension,
                    type);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** The checksum of a row's bytes. */
    static int checksum(ByteBuffer row) {
        var crc = new CRC32C();
        crc.update(row.array());
        return (int) crc.getValue();
    }

    TextKey key(int row) {
        long start = (long) row * ENTRY_BYTES;
        return new TextKey(
                keys.get(LONG, start),
                keys.get(LONG, start + Long.BYTES),
                keys.get(LONG, start + 2 * Long.BYTES),
                keys.get(LONG, start + 3 * Long.BYTES));
    }

    /** A row in native byte order. */
    MemorySegment row(int row) {
        MemorySegment copy = MemorySegment.ofArray(new float[dimension]);
        copy(row, copy);
        return copy;
    }

    /** Whether a row has the checksum that is stored with its key. */
    boolean intact(int row) {
        long bytes = (long) dimension * type.bytes();
        byte[] content = vectors.asSlice(row * bytes, bytes).toArray(ValueLayout.JAVA_BYTE);
        return checksum(ByteBuffer.wrap(content)) == keys.get(INT, (long) row * ENTRY_BYTES + TextKey.BYTES);
    }

    /** A checksum of the keys of the first {@code rows} rows. */
    long keysChecksum(int rows) {
        var crc = new CRC32C();
        long bytes = (long) rows * ENTRY_BYTES;
        for (long at = 0; at < bytes; at += PIECE) {
            crc.update(keys.asSlice(at, Math.min(PIECE, bytes - at)).asByteBuffer());
        }
        return crc.getValue();
    }

    /** What a row holds, where it is: equal to what another one of this mapping with the same values holds. */
    Object content(int row) {
        long bytes = (long) dimension * type.bytes();
        return new Content(
                keys.get(INT, (long) row * ENTRY_BYTES + TextKey.BYTES), vectors.asSlice(row * bytes, bytes));
    }

    private record Content(int checksum, MemorySegment row) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Content content && checksum == content.checksum && row.mismatch(content.row) < 0;
        }

        @Override
        public int hashCode() {
            return checksum;
        }
    }

    /** Copies a row into {@code target}, f32 in native byte order. */
    void copy(int row, MemorySegment target) {
        type.copy(vectors, (long) row * dimension * type.bytes(), dimension, target);
    }

    @Override
    public void close() {
        if (count > 0) {
            arena.close();
        }
    }
}
