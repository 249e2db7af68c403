package io.llm2clip.embedding;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** In which type a file has the values of vectors. */
public enum VectorType {
    F32(Float.BYTES),
    /** IEEE 754 binary16, rounded to nearest even: values of vectors of length 1 keep 11 bits. */
    F16(Short.BYTES);

    private final int bytes;

    VectorType(int bytes) {
        this.bytes = bytes;
    }

    /** Of one value. */
    int bytes() {
        return bytes;
    }

    /**
     * Appends values in the byte order of {@code target}.
     *
     * @param vector f32 in native byte order
     */
    void put(MemorySegment vector, ByteBuffer target) {
        for (long i = 0; i < vector.byteSize(); i += Float.BYTES) {
            float value = vector.get(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            switch (this) {
                case F32 -> target.putFloat(value);
                case F16 -> target.putShort(Float.floatToFloat16(value));
            }
        }
    }
}
