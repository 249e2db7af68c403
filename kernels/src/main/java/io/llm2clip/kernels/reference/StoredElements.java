package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A buffer of elements in any format that stands for numbers, one by one: the definition of the formats. */
public record StoredElements(DType format, MemorySegment segment) {
    /** The bit of an f32 that a quiet NaN has and a signaling one has not. */
    private static final int QUIET = 0x0040_0000;

    /** The value of an element. */
    public float get(long index) {
        long block = index / format.blockSize() * format.bytes(format.blockSize());
        int element = (int) (index % format.blockSize());
        return switch (format) {
            case F32, BOOL -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, block);
            case I32 -> getInt(index);
            case BF16 -> Float.intBitsToFloat(half(block) << 16);
            case F16 -> Float.float16ToFloat(half(block));
            case Q8 -> scale(block) * segment.get(ValueLayout.JAVA_BYTE, block + Short.BYTES + element);
            case Q4 -> scale(block) * (nibble(block + Short.BYTES, element) - 8);
            case Q4_1 ->
                scale(block) * nibble(block + 2 * Short.BYTES, element)
                        + Float.float16ToFloat(half(block + Short.BYTES));
        };
    }

    /** An element of i32, of which {@link #get} is the nearest f32. */
    public int getInt(long index) {
        return segment.get(ValueLayout.JAVA_INT_UNALIGNED, index * Integer.BYTES);
    }

    private int nibble(long first, int element) {
        int pair = segment.get(ValueLayout.JAVA_BYTE, first + element % 16);
        return element < 16 ? pair & 15 : pair >> 4 & 15;
    }

    private float scale(long block) {
        return Float.float16ToFloat(half(block));
    }

    /**
     * Rounds to the nearest f32, and from there to the nearest value that the format has; i32 rounds towards zero. A NaN becomes a quiet
     * one. Quantized elements are not written one by one.
     */
    public void set(long index, double value) {
        float rounded = quiet((float) value);
        long at = index * format.bytes();
        switch (format) {
            case F32, BOOL -> segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, rounded);
            case I32 -> segment.set(ValueLayout.JAVA_INT_UNALIGNED, at, (int) rounded);
            case BF16 -> segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, toBf16(rounded));
            case F16 -> segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(rounded));
            case Q8, Q4, Q4_1 -> throw new IllegalArgumentException("Elements of " + format + " share a scale.");
        }
    }

    /** A float that was double for a while is quiet already, unless compiled code has left out the way there and back. */
    private static float quiet(float value) {
        return Float.isNaN(value) ? Float.intBitsToFloat(Float.floatToRawIntBits(value) | QUIET) : value;
    }

    private short half(long offset) {
        return segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, offset);
    }

    /** Round to nearest even. A NaN is kept a quiet NaN with the upper bits of its payload: rounding could make it infinite. */
    private static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = Float.isNaN(value) ? bits | QUIET : bits + 0x7FFF + (bits >>> 16 & 1);
        return (short) (rounded >>> 16);
    }
}
