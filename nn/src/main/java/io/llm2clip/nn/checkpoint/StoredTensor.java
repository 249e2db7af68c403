package io.llm2clip.nn.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor as a checkpoint file holds it.
 *
 * @param type element type
 * @param shape dimensions, outermost first; empty for a scalar
 * @param data the elements, row-major and little-endian, possibly unaligned; {@code elements() * type.bytes()} bytes
 */
public record StoredTensor(StoredType type, List<Long> shape, MemorySegment data) {
    private static final int BLOCK = 4096;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** @throws IllegalArgumentException if a dimension is negative or the data has another size than the shape */
    public StoredTensor {
        shape = List.copyOf(shape);
        long expected = byteSize(type, shape);
        if (data.byteSize() != expected) {
            throw new IllegalArgumentException("A tensor of type %s and shape %s takes %d bytes, but its data has %d."
                    .formatted(type, shape, expected, data.byteSize()));
        }
    }

    /** An f32 tensor of the given shape with a copy of {@code values}. */
    public static StoredTensor of(float[] values, long... shape) {
        // Off the heap, because an array of bytes holds fewer than 2^29 floats.
        MemorySegment data = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT, values.length);
        MemorySegment.copy(values, 0, data, FLOAT, 0, values.length);
        return new StoredTensor(StoredType.F32, dimensions(shape), data);
    }

    /** Number of elements: the product of the shape, 1 for a scalar. */
    public long elements() {
        return data.byteSize() / type.bytes();
    }

    /**
     * The elements as floats, exactly; the types {@code F32}, {@code F16} and {@code BF16} convert.
     *
     * @throws IllegalArgumentException for any other type, or for more elements than an array holds
     */
    public float[] toFloats() {
        float[] floats = new float[arrayLength()];
        copyFloatsTo(MemorySegment.ofArray(floats));
        return floats;
    }

    /**
     * Writes the elements as floats of native byte order, exactly; the types {@code F32}, {@code F16} and {@code BF16} convert.
     *
     * @param target {@code 4 * elements()} bytes
     * @throws IllegalArgumentException for any other type, or a target of another size
     */
    public void copyFloatsTo(MemorySegment target) {
        copyFloatsTo(target, 0, elements());
    }

    /**
     * Writes some elements as floats of native byte order, exactly; the types {@code F32}, {@code F16} and {@code BF16} convert.
     *
     * @param target room for them
     * @param first the first of them
     * @param end one more than the last
     * @throws IllegalArgumentException for any other type, or a target of another size
     */
    public void copyFloatsTo(MemorySegment target, long first, long end) {
        long count = end - first;
        if (target.byteSize() != count * Float.BYTES) {
            throw new IllegalArgumentException(
                    "%d elements as floats take %d bytes, but the target has %d; allocate it by the shape %s."
                            .formatted(count, count * Float.BYTES, target.byteSize(), shape));
        }
        MemorySegment source = data.asSlice(first * type.bytes(), count * type.bytes());
        switch (type) {
            case F32 -> MemorySegment.copy(source, FLOAT, 0, target, ValueLayout.JAVA_FLOAT, 0, count);
            case F16, BF16 -> widen(source, target, count);
            default ->
                throw new IllegalArgumentException(
                        "Expected elements of type F32, F16 or BF16, found %s; read its data segment instead."
                                .formatted(type));
        }
    }

    /** Through arrays: loops over them are fast whatever kinds of segments there are. */
    private void widen(MemorySegment source, MemorySegment target, long count) {
        short[] halves = new short[(int) Math.min(count, BLOCK)];
        float[] floats = new float[halves.length];
        for (long first = 0; first < count; first += BLOCK) {
            int length = (int) Math.min(BLOCK, count - first);
            MemorySegment.copy(source, SHORT, first * Short.BYTES, halves, 0, length);
            if (type == StoredType.F16) {
                for (int i = 0; i < length; i++) {
                    floats[i] = Float.float16ToFloat(halves[i]);
                }
            } else {
                for (int i = 0; i < length; i++) {
                    floats[i] = Float.intBitsToFloat(halves[i] << 16);
                }
            }
            MemorySegment.copy(floats, 0, target, ValueLayout.JAVA_FLOAT, first * Float.BYTES, length);
        }
    }

    /**
     * Writes some elements as they are, in native byte order.
     *
     * @param target room for them
     * @param first the first of them
     * @param end one more than the last
     */
    public void copyTo(MemorySegment target, long first, long end) {
        long count = end - first;
        MemorySegment source = data.asSlice(first * type.bytes(), count * type.bytes());
        switch (type.bytes()) {
            case 1 -> target.copyFrom(source);
            case 2 -> MemorySegment.copy(source, SHORT, 0, target, ValueLayout.JAVA_SHORT, 0, count);
            case 4 -> MemorySegment.copy(source, INT, 0, target, ValueLayout.JAVA_INT, 0, count);
            case 8 -> MemorySegment.copy(source, LONG, 0, target, ValueLayout.JAVA_LONG, 0, count);
            default -> throw new IllegalStateException("No element type has " + type.bytes() + " bytes.");
        }
    }

    /** Lets go the pages of a mapped file; they are read again where they are needed. */
    public void unload() {
        if (data.isMapped()) {
            data.unload();
        }
    }

    private int arrayLength() {
        if (elements() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("A Java array holds up to %d elements, the tensor of shape %s has %d; "
                            .formatted(Integer.MAX_VALUE - 8, shape, elements())
                    + "read its data segment instead.");
        }
        return (int) elements();
    }

    static long byteSize(StoredType type, List<Long> shape) {
        long bytes = type.bytes();
        boolean empty = false;
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException("A dimension is at least 0, found shape %s.".formatted(shape));
            }
            // A zero anywhere makes the tensor empty, however large the product of its other dimensions.
            empty |= dimension == 0;
        }
        if (empty) {
            return 0;
        }
        for (long dimension : shape) {
            try {
                bytes = Math.multiplyExact(bytes, dimension);
            } catch (ArithmeticException overflow) {
                throw new IllegalArgumentException(
                        "A tensor has fewer than 2^63 bytes, found shape %s.".formatted(shape), overflow);
            }
        }
        return bytes;
    }

    private static List<Long> dimensions(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }
}
