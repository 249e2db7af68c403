package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.Charset;

/** Numbers and texts within bytes. Offsets are to be checked by {@link #has} before. */
record LittleEndian(MemorySegment bytes) {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Whether {@code length} bytes from {@code offset} are there; no numbers make this overflow. */
    boolean has(long offset, long length) {
        return offset >= 0 && length >= 0 && offset <= bytes.byteSize() && length <= bytes.byteSize() - offset;
    }

    int u8(long offset) {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, offset));
    }

    int u16(long offset) {
        return Short.toUnsignedInt(bytes.get(SHORT, offset));
    }

    long u32(long offset) {
        return Integer.toUnsignedLong(bytes.get(INT, offset));
    }

    long i64(long offset) {
        return bytes.get(LONG, offset);
    }

    MemorySegment slice(long offset, long length) {
        return bytes.asSlice(offset, length);
    }

    String text(long offset, long length, Charset charset) {
        return new String(slice(offset, length).toArray(ValueLayout.JAVA_BYTE), charset);
    }
}
