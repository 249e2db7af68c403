package io.llm2clip.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** As what a {@link TextVectorStore} has its values, in little-endian order. */
public enum StoredFloats {
    /** As they are. */
    F32(Float.BYTES, Float.MAX_VALUE, 2),
    /** IEEE 754 binary16, rounded to nearest even: half the size, 11 significant bits, up to 65,504. */
    F16(Short.BYTES, 65_504, 3);

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bytes;
    private final float largest;
    private final int version;

    StoredFloats(int bytes, float largest, int version) {
        this.bytes = bytes;
        this.largest = largest;
        this.version = version;
    }

    /** Of one value. */
    int bytes() {
        return bytes;
    }

    /** The largest value that it has. */
    float largest() {
        return largest;
    }

    /** Of the file's format. */
    int version() {
        return version;
    }

    /** The name of a store's file of values. */
    String file() {
        return this == F32 ? "vectors.f32" : "vectors.f16";
    }

    /** Appends values, f32 in native byte order, to a buffer in little-endian order. */
    void put(MemorySegment values, ByteBuffer target) {
        for (long i = 0; i < values.byteSize(); i += Float.BYTES) {
            float value = values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            switch (this) {
                case F32 -> target.putFloat(value);
                case F16 -> target.putShort(Float.floatToFloat16(value));
            }
        }
    }

    /** Copies {@code count} values from an offset in bytes on into {@code target}, f32 in native byte order. */
    void copy(MemorySegment source, long offset, int count, MemorySegment target) {
        switch (this) {
            case F32 -> MemorySegment.copy(source, FLOAT, offset, target, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    float value = Float.float16ToFloat(source.get(SHORT, offset + (long) i * Short.BYTES));
                    target.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value);
                }
            }
        }
    }

    /** What a value becomes when it is stored and read. */
    float rounded(float value) {
        return this == F32 ? value : Float.float16ToFloat(Float.floatToFloat16(value));
    }
}
