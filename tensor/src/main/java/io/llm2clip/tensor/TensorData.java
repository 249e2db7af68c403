package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stored elements: dense, row-major, native byte order, in off-heap memory that belongs to the arena it was allocated from. Where an
 * accelerator works on them, the newer elements may lie there; whoever asks for them here gets them.
 *
 * <p>Elements may be <em>frozen</em>: they never change from then on, and writing to them is refused. Those of a file that was mapped
 * for reading are frozen from the start. Only of frozen elements are there {@link #packed} copies. Weights may be kept in a packed layout
 * alone: their rows are made when they are asked for, and stay only where programs read them.
 */
public final class TensorData {
    private static final long ALIGNMENT = 64;

    private final Shape shape;
    private final DType dtype;
    // Null until asked for, where an accelerator makes the elements, or where they are packed.
    private @Nullable MemorySegment memory;
    // Null where elements are stored as rows.
    private final @Nullable PackedElements storage;
    private @Nullable RemoteCopy copy;
    private long version;
    private boolean frozen;
    private boolean released;
    // Null until there is one.
    private @Nullable PackedCopies packed;

    /**
     * Elements in given memory; frozen if that is read-only.
     *
     * @param segment exactly the elements' bytes, off-heap, at an address that is a multiple of the elements' size
     */
    public TensorData(Shape shape, DType dtype, MemorySegment segment) {
        long bytes = dtype.bytes((long) shape.size());
        if (segment.byteSize() != bytes || !segment.isNative()) {
            throw new TensorException("Tensor data " + dtype + " " + shape + " takes " + bytes
                    + " off-heap bytes, found " + segment.byteSize() + (segment.isNative() ? "." : " on the heap."));
        }
        if (!isAligned(dtype, segment)) {
            throw new TensorException("Tensor data " + dtype + " " + shape + " lies at address " + segment.address()
                    + ", expected a multiple of " + dtype.alignment() + "; copy it to memory that is aligned.");
        }
        this.shape = shape;
        this.dtype = dtype;
        this.memory = segment;
        this.storage = null;
        this.frozen = segment.isReadOnly();
    }

    /** Elements that a device makes; memory here is allocated when it is first asked for. */
    public TensorData(Shape shape, DType dtype) {
        this.shape = shape;
        this.dtype = dtype;
        this.storage = null;
    }

    private TensorData(Shape shape, PackedElements storage) {
        this.shape = shape;
        this.dtype = storage.packing().format();
        this.storage = storage;
        this.frozen = true;
    }

    /**
     * Frozen elements that are kept in a packed layout.
     *
     * @param shape {@code [n, ...]} of {@code n * k} elements
     * @param segment of the layout's size, off-heap; filled before anybody reads the elements
     */
    public static TensorData packed(Shape shape, WeightLayout layout, MemorySegment segment) {
        Packing packing = layout.packing();
        if ((long) packing.n() * packing.k() != shape.size()
                || segment.byteSize() != packing.bytes()
                || !segment.isNative()) {
            throw new TensorException(
                    "Packed tensor data " + shape + " as " + packing + ", expected as many elements and "
                            + packing.bytes() + " off-heap bytes, found " + segment.byteSize() + ".");
        }
        return new TensorData(shape, new PackedElements(layout, segment));
    }

    /** Whether elements of this type may lie there. */
    public static boolean isAligned(DType dtype, MemorySegment segment) {
        return segment.address() % dtype.alignment() == 0;
    }

    public Shape shape() {
        return shape;
    }

    public DType dtype() {
        return dtype;
    }

    /**
     * The elements' bytes, for reading and writing. What an accelerator has is brought home first and counts as outdated from then on;
     * do not write to a segment that was asked for before the last run of a program that reads these elements.
     *
     * @throws TensorException if the elements are frozen
     */
    public MemorySegment segment() {
        requireWritable();
        version++;
        if (copy != null) {
            copy.hostWrites();
        }
        return memory();
    }

    /** The elements' bytes, for reading. */
    public MemorySegment readOnly() {
        bringHome();
        if (storage == null) {
            return memory().asReadOnly();
        }
        require(isAlive());
        return storage.rows().asReadOnly();
    }

    /**
     * Rows {@code from .. to - 1} along the first axis, where they lie, for reading.
     *
     * @throws IndexOutOfBoundsException if there are no such rows
     */
    public TensorData rows(int from, int to) {
        Objects.checkFromToIndex(from, to, shape.dim(0));
        long bytes = dtype.bytes(shape.size() / (long) shape.dim(0));
        Shape part = shape.with(0, to - from);
        return new TensorData(part, dtype, readOnly().asSlice(from * bytes, (to - from) * bytes));
    }

    /** Has the bytes read once: memory that is made for this alone is freed after it. */
    public void read(Consumer<MemorySegment> reader) {
        if (storage == null) {
            reader.accept(readOnly());
        } else {
            require(isAlive());
            storage.read(reader);
        }
    }

    /** Ends all changes: from now on the elements are what they are, and kernels may keep copies of them. */
    public TensorData freeze() {
        bringHome();
        frozen = true;
        return this;
    }

    /** Whether the elements never change. */
    public boolean isFrozen() {
        return frozen;
    }

    /**
     * Frozen elements in another layout, made once and kept until {@link #release}; those that are kept in this layout themselves. Pages of a
     * mapped file that were read for it are let go.
     *
     * @param packing the layout
     * @param packer writes the copy from {@link #readOnly}
     * @throws TensorException if the elements may change
     */
    public MemorySegment packed(Packing packing, Consumer<MemorySegment> packer) {
        if (!frozen) {
            throw new TensorException("Packed copy of " + dtype + " " + shape
                    + ": expected frozen elements, found some that may change; freeze() them, or pack for each use.");
        }
        requireUnreleased();
        if (storage != null && storage.packing().equals(packing)) {
            return storage.segment();
        }
        return packedCopies().get(packing, copy -> {
            packer.accept(copy);
            unload();
        });
    }

    /**
     * Whether somebody asks for the first time, and there is no copy in the layout yet: who reads elements once needs none.
     *
     * @param packing the layout
     */
    public boolean isFirstUse(Packing packing) {
        requireUnreleased();
        return packedCopies().isFirstUse(packing);
    }

    /** Whether the elements are kept in a packed layout, and as rows only for who reads those. */
    public boolean isPacked() {
        return storage != null;
    }

    /** Whether the elements lie in a file, whose pages can be let go. */
    public boolean isMapped() {
        return memory != null && memory.isMapped();
    }

    /** Lets go the pages of a mapped file; they are read again where they are needed. */
    public void unload() {
        if (storage == null && memory().isMapped()) {
            memory().unload();
        }
    }

    /**
     * Frees packed copies and ends the use of these elements: programs that read them do not run any more. The memory itself is its
     * arena's.
     */
    public synchronized void release() {
        released = true;
        if (packed != null) {
            packed.free();
        }
    }

    private synchronized PackedCopies packedCopies() {
        if (packed == null) {
            packed = new PackedCopies();
        }
        return packed;
    }

    private void requireUnreleased() {
        if (!isAlive()) {
            throw new IllegalStateException("Elements " + dtype + " " + shape
                    + " were freed or replaced by others; compile again what works on them.");
        }
    }

    private void requireWritable() {
        if (frozen) {
            throw new TensorException(
                    "Writing to " + dtype + " " + shape
                            + ": expected elements that may change, found frozen ones; write to a copy, or read them by readOnly().");
        }
    }

    /** Whether the memory has not been freed, nor the elements {@link #release released}. */
    public boolean isAlive() {
        MemorySegment kept = storage == null ? memory : storage.segment();
        return !released && (kept == null || kept.scope().isAlive());
    }

    /**
     * The memory here, whether or not a device has newer elements. For devices, which know; everyone else calls {@link #segment} or
     * {@link #readOnly}. Of packed elements the rows are made and kept, as their address may be, until {@link #release}.
     */
    public MemorySegment memory() {
        if (storage != null) {
            require(isAlive());
            return storage.keptRows(packedCopies());
        }
        if (memory == null) {
            memory = Arena.ofAuto().allocate(dtype.bytes((long) shape.size()), ALIGNMENT);
        }
        require(memory.scope().isAlive());
        return memory;
    }

    private void require(boolean alive) {
        if (!alive) {
            throw new IllegalStateException("Elements " + dtype + " " + shape
                    + " were freed with what they belonged to; copy them before that is closed.");
        }
    }

    /** Whether a change of these elements changes others, which lie in the same memory. */
    public boolean overlaps(TensorData other) {
        return memory != null
                && other.memory != null
                && memory.asOverlappingSlice(other.memory).isPresent();
    }

    /** A number that is another one after the elements may have changed. */
    public long version() {
        return version;
    }

    /** Kernels of a device have written elements. */
    public void changed() {
        version++;
    }

    /** Gets newer elements from a device, if it has any. */
    public void bringHome() {
        if (copy != null) {
            copy.bringHome();
        }
    }

    /** What a device with memory of its own has attached. */
    public @Nullable RemoteCopy copy() {
        return copy;
    }

    /** Has a device's copy asked from now on before elements are read or written here; null for none. */
    public void attach(@Nullable RemoteCopy copy) {
        this.copy = copy;
    }

    /** Zeros, in memory that the given arena frees. */
    public static TensorData allocate(Arena arena, Shape shape, DType dtype) {
        return new TensorData(shape, dtype, arena.allocate(dtype.bytes((long) shape.size()), ALIGNMENT));
    }

    /** Zeros, in memory that the garbage collector frees. */
    public static TensorData allocate(Shape shape, DType dtype) {
        return allocate(Arena.ofAuto(), shape, dtype);
    }

    /** f32 elements copied from an array. */
    public static TensorData of(Shape shape, float... values) {
        return allocate(shape, DType.F32).fill(values);
    }

    /** i32 elements copied from an array. */
    public static TensorData ofInts(Shape shape, int... values) {
        TensorData data = allocate(shape, DType.I32);
        requireLength(shape, values.length);
        MemorySegment.copy(values, 0, data.memory(), ValueLayout.JAVA_INT, 0, values.length);
        return data;
    }

    /** Overwrites all elements of an f32 tensor. */
    public TensorData fill(float... values) {
        require(DType.F32, "fill with floats");
        requireLength(shape, values.length);
        MemorySegment.copy(values, 0, segment(), ValueLayout.JAVA_FLOAT, 0, values.length);
        return this;
    }

    /** Overwrites all elements with those of another tensor of the same shape and type. */
    public void copyFrom(TensorData source) {
        if (!shape.equals(source.shape) || dtype != source.dtype) {
            throw new TensorException("Copying " + source.dtype + " " + source.shape + " into " + dtype + " " + shape
                    + ": expected the same shape and type.");
        }
        segment().copyFrom(source.readOnly());
    }

    /** A copy as floats; for f32 and truth values. */
    public float[] toFloats() {
        if (dtype != DType.BOOL) {
            require(DType.F32, "toFloats");
        }
        return readOnly().toArray(ValueLayout.JAVA_FLOAT);
    }

    /** A copy as ints; for i32. */
    public int[] toInts() {
        require(DType.I32, "toInts");
        return readOnly().toArray(ValueLayout.JAVA_INT);
    }

    /** The one element of an f32 tensor of size 1. */
    public float item() {
        require(DType.F32, "item");
        requireLength(shape, 1);
        return readOnly().get(ValueLayout.JAVA_FLOAT, 0);
    }

    /** Type, shape and the first values. Elements that a device has are brought home; what cannot be read is said, not thrown. */
    @Override
    public String toString() {
        String typed = dtype + " " + shape;
        if (!isAlive()) {
            return typed + ", freed";
        }
        if (memory == null && storage == null && copy == null) {
            return typed + ", not computed";
        }
        if (shape.size() == 0) {
            return typed;
        }
        try {
            return typed + ": " + TensorText.firstValues(dtype, shape.size(), readOnly());
        } catch (RuntimeException e) {
            return typed + ", not readable";
        }
    }

    private void require(DType expected, String operation) {
        if (dtype != expected) {
            throw new TensorException(operation + ": expected elements of type " + expected + ", found " + dtype + ".");
        }
    }

    private static void requireLength(Shape shape, int length) {
        if (shape.size() != length) {
            throw new TensorException(
                    "Shape " + shape + " has " + shape.size() + " elements, found " + length + " values.");
        }
    }
}
