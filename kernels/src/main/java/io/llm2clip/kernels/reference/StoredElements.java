package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A buffer of elements in any format that stands for numbers, read one by one: the definition of the formats. */
public record StoredElements(DType format, MemorySegment segment) {

    /** The value of an element. */
    public float get(long index) {
        long block = index / format.blockSize() * format.bytes(format.blockSize());
        int element = (int) (index % format.blockSize());
        return switch (format) {
            case F32, BOOL -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, block);
            case I32 -> segment.get(ValueLayout.JAVA_INT_UNALIGNED, block);
            case BF16 -> Float.intBitsToFloat(half(block) << 16);
            case F16 -> Float.float16ToFloat(half(block));
            case Q8 -> scale(block) * segment.get(ValueLayout.JAVA_BYTE, block + Short.BYTES + element);
            case Q4 -> {
                int pair = segment.get(ValueLayout.JAVA_BYTE, block + Short.BYTES + element % 16);
                yield scale(block) * ((element < 16 ? pair & 15 : pair >> 4 & 15) - 8);
            }
        };
    }

    private float scale(long block) {
        return Float.float16ToFloat(half(block));
    }

    private short half(long offset) {
        return segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, offset);
    }
}
