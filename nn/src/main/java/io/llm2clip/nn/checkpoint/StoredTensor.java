package io.llm2clip.nn.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tensor as a checkpoint file holds it, and where it lies there: usually row-major and little-endian, so that its elements can
 * be used in place ({@link #isDense}). Files of PyTorch also hold views, whose elements are copied from wherever they lie.
 */
public final class StoredTensor implements TensorContent {
    private static final int BLOCK = 4096;

    private final StoredType type;
    private final List<Long> shape;
    private final MemorySegment data;
    private final ByteOrder order;
    /** Null for row-major elements. */
    private final @Nullable Strides strides;

    private final long elements;

    /**
     * A row-major tensor.
     *
     * @param type element type
     * @param shape dimensions, outermost first; empty for a scalar
     * @param data the elements, little-endian, possibly unaligned; {@code type.bytes(elements())} bytes
     * @throws IllegalArgumentException if a dimension is negative or the data has another size than the shape
     */
    public StoredTensor(StoredType type, List<Long> shape, MemorySegment data) {
        this(type, shape, data, ByteOrder.LITTLE_ENDIAN, null);
    }

    private StoredTensor(
            StoredType type, List<Long> shape, MemorySegment data, ByteOrder order, @Nullable Strides strides) {
        this.type = type;
        this.shape = List.copyOf(shape);
        this.data = data;
        this.order = order;
        this.strides = strides;
        long bytes = byteSize(type, this.shape);
        elements = count(this.shape);
        long expected = strides == null ? bytes : type.bytes(strides.extent());
        if (data.byteSize() != expected) {
            throw new IllegalArgumentException("A tensor of type %s and shape %s takes %d bytes, but its data has %d."
                    .formatted(type, this.shape, expected, data.byteSize()));
        }
    }

    /**
     * A tensor whose elements lie in {@code data} as {@code strides} say, the farthest of them at its end.
     *
     * @throws IllegalArgumentException if the data has another size, or the tensor 2^63 bytes or more
     */
    static StoredTensor view(StoredType type, Strides strides, ByteOrder order, MemorySegment data) {
        byteSize(type, strides.shape());
        return new StoredTensor(type, strides.shape(), data, order, strides.isRowMajor() ? null : strides);
    }

    /** An f32 tensor of the given shape with a copy of {@code values}. */
    public static StoredTensor of(float[] values, long... shape) {
        // Off the heap, because an array of bytes holds fewer than 2^29 floats.
        MemorySegment data = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT, values.length);
        MemorySegment.copy(
                values, 0, data, ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, values.length);
        return new StoredTensor(StoredType.F32, dimensions(shape), data);
    }

    /**
     * A row-major tensor whose elements are of native byte order, as kernels have them.
     *
     * @param data the elements; {@code type.bytes(elements())} bytes
     * @throws IllegalArgumentException if a dimension is negative or the data has another size than the shape
     */
    public static StoredTensor ofNative(StoredType type, List<Long> shape, MemorySegment data) {
        return new StoredTensor(type, shape, data, ByteOrder.nativeOrder(), null);
    }

    @Override
    public StoredType type() {
        return type;
    }

    @Override
    public List<Long> shape() {
        return shape;
    }

    /** Number of elements: the product of the shape, 1 for a scalar. */
    @Override
    public long elements() {
        return elements;
    }

    /** Size of the elements in bytes, of a view as if they followed each other. */
    @Override
    public long bytes() {
        return type.bytes(elements);
    }

    /** Whether the elements are row-major and little-endian where they lie. */
    public boolean isDense() {
        return strides == null && (order == ByteOrder.LITTLE_ENDIAN || type.bytes(1) == 1);
    }

    /**
     * The elements where they lie, row-major and little-endian, possibly unaligned; {@link #bytes} bytes.
     *
     * @throws IllegalStateException if they are not {@link #isDense dense}
     */
    public MemorySegment data() {
        if (!isDense()) {
            throw new IllegalStateException(
                    "A tensor of shape %s does not lie row-major and little-endian in its file; copy its elements."
                            .formatted(shape));
        }
        return data;
    }

    /**
     * A part along the first dimension, where it lies.
     *
     * @throws IllegalArgumentException if there are no such rows, or they are no whole blocks of a quantized type
     */
    public StoredTensor rows(long first, long end) {
        if (shape.isEmpty() || first < 0 || end < first || end > shape.getFirst()) {
            throw new IllegalArgumentException(
                    "Rows %d to %d of a tensor of shape %s; expected such as it has.".formatted(first, end, shape));
        }
        List<Long> part = new ArrayList<>(shape);
        part.set(0, end - first);
        if (strides == null) {
            long row = shape.getFirst() == 0 ? 0 : bytes() / shape.getFirst();
            return new StoredTensor(type, part, data.asSlice(first * row, (end - first) * row), order, null);
        }
        Strides within = ofDimensions(strides).of(part);
        long begin = end == first ? 0 : first * strides.strides().getFirst();
        return view(type, within, order, data.asSlice(begin * type.bytes(), within.extent() * type.bytes()));
    }

    /**
     * The transposed matrix, as a view.
     *
     * @throws IllegalArgumentException if it is no matrix, or its rows are quantized
     */
    public StoredTensor transposed() {
        if (shape.size() != 2 || type.isQuantized()) {
            throw new IllegalArgumentException(
                    "The transpose of a tensor of type %s and shape %s; expected a matrix that is not quantized."
                            .formatted(type, shape));
        }
        return view(type, matrixStrides().reversed(), order, data);
    }

    /**
     * The matrix with the rows of each group in another order, as a view: first those of even number within the group, then those of
     * odd number. Rows stay whole, so they may be quantized.
     *
     * @param groups of as many rows each
     * @throws IllegalArgumentException if it is no matrix of such groups, or is such a view already
     */
    public StoredTensor deinterleaved(int groups) {
        if (shape.size() != 2 || groups < 1 || shape.getFirst() % (2L * groups) != 0) {
            throw new IllegalArgumentException(
                    "The rows of a tensor of shape %s in %d groups; expected a matrix of groups of even numbers of rows."
                            .formatted(shape, groups));
        }
        Strides matrix = matrixStrides();
        long size = shape.getFirst() / groups;
        long row = matrix.strides().getFirst();
        Strides apart = new Strides(
                List.of((long) groups, 2L, size / 2, shape.getLast()),
                List.of(size * row, row, 2 * row, matrix.strides().getLast()));
        return new StoredTensor(type, shape, data, order, apart);
    }

    private Strides matrixStrides() {
        return strides == null ? Strides.rowMajor(shape) : ofDimensions(strides);
    }

    /** Rows in another order have more strides than the tensor has dimensions. */
    private Strides ofDimensions(Strides view) {
        if (view.shape().size() != shape.size()) {
            throw new IllegalArgumentException(
                    "A view of a tensor of shape %s whose rows are in another order already; expected it as it is stored."
                            .formatted(shape));
        }
        return view;
    }

    /**
     * The elements as floats, exactly; the types {@code F32}, {@code F16}, {@code BF16} and quantized ones convert.
     *
     * @throws IllegalArgumentException for any other type, or for more elements than an array holds
     */
    public float[] toFloats() {
        float[] floats = new float[arrayLength()];
        copyFloatsTo(MemorySegment.ofArray(floats));
        return floats;
    }

    /**
     * Writes the elements as floats of native byte order, exactly; the types {@code F32}, {@code F16}, {@code BF16} and quantized ones convert.
     *
     * @param target {@code 4 * elements()} bytes
     * @throws IllegalArgumentException for any other type, or a target of another size
     */
    public void copyFloatsTo(MemorySegment target) {
        copyFloatsTo(target, 0, elements());
    }

    /**
     * Writes some elements as floats of native byte order, exactly; the types {@code F32}, {@code F16}, {@code BF16} and quantized ones convert.
     *
     * @param target room for them
     * @param first the first of them
     * @param end one more than the last
     * @throws IllegalArgumentException for any other type, or a target of another size
     */
    public void copyFloatsTo(MemorySegment target, long first, long end) {
        long count = end - first;
        if (target.byteSize() % Float.BYTES != 0 || target.byteSize() / Float.BYTES != count) {
            throw new IllegalArgumentException(
                    "%d elements as floats take 4 bytes each, but the target has %d bytes; allocate it by the shape %s."
                            .formatted(count, target.byteSize(), shape));
        }
        switch (type) {
            case F32 -> copyTo(target, first, end);
            case F16, BF16 -> widen(target, first, end);
            default -> {
                if (!type.isQuantized()) {
                    throw new IllegalArgumentException(
                            "Expected elements of type F32, F16 or BF16, found %s; read its data segment instead."
                                    .formatted(type));
                }
                dequantize(target, first, end);
            }
        }
    }

    private void dequantize(MemorySegment target, long first, long end) {
        Dequantization blocks = new Dequantization(type);
        if (strides == null) {
            blocks.copy(data, target, first, end);
            return;
        }
        long[] position = {0};
        strides.forEachRun(first, end, (offset, _, count) -> {
            blocks.copy(data, target.asSlice(position[0] * Float.BYTES), offset, offset + count);
            position[0] += count;
        });
    }

    /** Through arrays: loops over them are fast whatever kinds of segments there are. */
    private void widen(MemorySegment target, long first, long end) {
        short[] halves = new short[(int) Math.min(end - first, BLOCK)];
        float[] floats = new float[halves.length];
        MemorySegment block = MemorySegment.ofArray(halves);
        for (long at = first; at < end; at += BLOCK) {
            int length = (int) Math.min(BLOCK, end - at);
            copyTo(block, at, at + length);
            if (type == StoredType.F16) {
                for (int i = 0; i < length; i++) {
                    floats[i] = Float.float16ToFloat(halves[i]);
                }
            } else {
                for (int i = 0; i < length; i++) {
                    floats[i] = Float.intBitsToFloat(halves[i] << 16);
                }
            }
            MemorySegment.copy(floats, 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, (at - first) * Float.BYTES, length);
        }
    }

    /**
     * Writes some elements as they are, in native byte order; of a quantized type, whole blocks as the file has them.
     *
     * @param target room for them
     * @param first the first of them
     * @param end one more than the last
     */
    public void copyTo(MemorySegment target, long first, long end) {
        copyTo(target, ByteOrder.nativeOrder(), first, end);
    }

    @Override
    public void writeTo(MemorySegment target, long first, long end) {
        copyTo(target, ByteOrder.LITTLE_ENDIAN, first, end);
    }

    void copyTo(MemorySegment target, ByteOrder targetOrder, long first, long end) {
        if (type.isQuantized()) {
            copyBlocks(target, first, end);
            return;
        }
        if (strides == null) {
            copyAdjacent(first, end - first, target, targetOrder, 0);
            return;
        }
        long[] position = {0};
        strides.forEachRun(first, end, (offset, stride, count) -> {
            if (stride == 1) {
                copyAdjacent(offset, count, target, targetOrder, position[0]);
            } else {
                copyApart(offset, stride, count, target, targetOrder, position[0]);
            }
            position[0] += count;
        });
    }

    private void copyBlocks(MemorySegment target, long first, long end) {
        if (strides == null) {
            MemorySegment.copy(data, type.bytes(first), target, 0, type.bytes(end - first));
            return;
        }
        long[] position = {0};
        strides.forEachRun(first, end, (offset, _, count) -> {
            MemorySegment.copy(data, type.bytes(offset), target, position[0], type.bytes(count));
            position[0] += type.bytes(count);
        });
    }

    private void copyAdjacent(long offset, long count, MemorySegment target, ByteOrder targetOrder, long to) {
        long size = type.bytes();
        ValueLayout layout = layout();
        MemorySegment.copy(
                data, layout.withOrder(order), offset * size, target, layout.withOrder(targetOrder), to * size, count);
    }

    private void copyApart(long offset, long stride, long count, MemorySegment target, ByteOrder targetOrder, long to) {
        long size = type.bytes();
        long step = stride * size;
        long from = offset * size;
        long at = to * size;
        switch (layout()) {
            case ValueLayout.OfByte layout -> {
                for (long i = 0; i < count; i++, from += step, at += size) {
                    target.set(layout, at, data.get(layout, from));
                }
            }
            case ValueLayout.OfShort layout -> {
                ValueLayout.OfShort stored = layout.withOrder(order);
                ValueLayout.OfShort wanted = layout.withOrder(targetOrder);
                for (long i = 0; i < count; i++, from += step, at += size) {
                    target.set(wanted, at, data.get(stored, from));
                }
            }
            case ValueLayout.OfInt layout -> {
                ValueLayout.OfInt stored = layout.withOrder(order);
                ValueLayout.OfInt wanted = layout.withOrder(targetOrder);
                for (long i = 0; i < count; i++, from += step, at += size) {
                    target.set(wanted, at, data.get(stored, from));
                }
            }
            case ValueLayout.OfLong layout -> {
                ValueLayout.OfLong stored = layout.withOrder(order);
                ValueLayout.OfLong wanted = layout.withOrder(targetOrder);
                for (long i = 0; i < count; i++, from += step, at += size) {
                    target.set(wanted, at, data.get(stored, from));
                }
            }
            default -> throw noSuchSize();
        }
    }

    /** Of the bits of an element. */
    private ValueLayout layout() {
        return switch (type.bytes()) {
            case 1 -> ValueLayout.JAVA_BYTE;
            case 2 -> ValueLayout.JAVA_SHORT_UNALIGNED;
            case 4 -> ValueLayout.JAVA_INT_UNALIGNED;
            case 8 -> ValueLayout.JAVA_LONG_UNALIGNED;
            default -> throw noSuchSize();
        };
    }

    private IllegalStateException noSuchSize() {
        return new IllegalStateException("No element type has " + type.bytes() + " bytes.");
    }

    /** Lets go the pages of a mapped file; they are read again where they are needed. */
    @Override
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

    /** @throws IllegalArgumentException if there is no tensor of this type and shape */
    static long byteSize(StoredType type, List<Long> shape) {
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException("A dimension is at least 0, found shape %s.".formatted(shape));
            }
        }
        if (type.isQuantized() && (shape.isEmpty() || shape.getLast() % type.blockSize() != 0)) {
            throw new IllegalArgumentException("Rows of %s are multiples of %d elements, found shape %s."
                    .formatted(type, type.blockSize(), shape));
        }
        try {
            return type.bytes(count(shape));
        } catch (ArithmeticException overflow) {
            throw new IllegalArgumentException(
                    "A tensor has fewer than 2^63 bytes, found shape %s.".formatted(shape), overflow);
        }
    }

    static long count(List<Long> shape) {
        // A zero anywhere makes the tensor empty, however large the product of its other dimensions.
        if (shape.contains(0L)) {
            return 0;
        }
        long count = 1;
        for (long dimension : shape) {
            count = Math.multiplyExact(count, dimension);
        }
        return count;
    }

    private static List<Long> dimensions(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }
}
