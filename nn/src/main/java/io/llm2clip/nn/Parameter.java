package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A named tensor of a model that is stored and may be trained; declared by {@link Scope#create}, {@link Scope#matrix} or {@link
 * Scope#table}.
 *
 * <p>A declared parameter has no memory. Its values come from a checkpoint ({@link ParameterFiles#load}), from {@link #fill}, or, where
 * its {@link Parameters} have a seed, from its initializer as soon as somebody needs them: what a checkpoint overwrites is never drawn.
 */
public final class Parameter {
    /** Who reads it, and so which formats it may have. */
    enum Role {
        /** Any operation: f32. */
        PLAIN,
        /** Matmul, as a transposed second operand: every format. */
        MATRIX,
        /** Gather, perhaps matmul too: every dense format. */
        TABLE
    }

    /** What a parameter is once it has values: the elements, the graph's node for them, and the type that a file has them in. */
    private record Bound(TensorData data, Tensor tensor, DType stored) {}

    /** Values that were not loaded, and what their type is in memory. */
    private record OnDisk(StoredTensor tensor, DType stored) {}

    private final Parameters owner;
    private final String name;
    private final Shape shape;
    private final Role role;
    // Null where values come from a checkpoint only.
    private final Initializer.@Nullable Values initial;
    private @Nullable Bound bound;
    // Instead, where values are left in the file that they are in.
    private @Nullable OnDisk onDisk;

    Parameter(Parameters owner, String name, Shape shape, Role role, Initializer.@Nullable Values initial) {
        this.owner = owner;
        this.name = name;
        this.shape = shape;
        this.role = role;
        this.initial = initial;
    }

    Parameters owner() {
        return owner;
    }

    /** The full name, unique in its {@link Parameters}. */
    public String name() {
        return name;
    }

    public Shape shape() {
        return shape;
    }

    Role role() {
        return role;
    }

    /** Whether its values, once it has them, never change. */
    public boolean isFrozen() {
        return owner.areFrozen();
    }

    /** Whether it has values, and memory for them. */
    public synchronized boolean hasValues() {
        return bound != null || onDisk != null;
    }

    /**
     * The graph's node for it; programs read the elements where they lie, so changes are seen by their next run.
     *
     * @throws IllegalStateException if it has no values
     */
    public Tensor tensor() {
        return bound().tensor;
    }

    /**
     * The elements, valid until the {@link Parameters} are closed.
     *
     * @throws IllegalStateException if it has no values
     */
    public TensorData data() {
        return bound().data;
    }

    /**
     * Sets all values, by several threads.
     *
     * @throws IllegalStateException if it is frozen and has values already
     */
    public synchronized void fill(Initializer.Values values) {
        if (bound != null && isFrozen()) {
            throw new IllegalStateException(
                    "Parameter " + this + " is frozen and has its values; fill new Parameters.");
        }
        NewValues target = target();
        target.write(Elements.floats(values));
        if (bound == null) {
            bind(target.data(), DType.F32);
        }
    }

    /** The values as f32, of any format: those themselves, or a copy. */
    TensorData expanded() {
        TensorData data = data();
        return data.dtype() == DType.F32 ? data : Elements.expand(data);
    }

    /** The type in which a file has the values: that of the file they came from if they are still those, else f32. */
    synchronized DType stored() {
        return onDisk == null ? bound().stored : onDisk.stored;
    }

    /** Whether values were rounded when they were loaded, and so are not those of their file. */
    synchronized boolean isRounded() {
        return bound != null && bound.data.dtype() != DType.F32 && bound.data.dtype() != bound.stored;
    }

    /** The values where they lie, to be read only. */
    synchronized StoredTensor values() {
        if (onDisk != null) {
            return onDisk.tensor;
        }
        TensorData data = data();
        // Files have scales of blocks in one byte order only.
        if (data.dtype().isQuantized() && ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            data = expanded();
        }
        StoredType type = switch (data.dtype()) {
            case Q8 -> StoredType.Q8_0;
            case Q4 -> StoredType.Q4_0;
            case Q4_1 -> StoredType.Q4_1;
            default -> StoredType.valueOf(data.dtype().name());
        };
        List<Long> dims = shape.toList().stream().map(Integer::longValue).toList();
        return StoredTensor.ofNative(type, dims, data.readOnly());
    }

    /** Leaves values in their file, which stays open as long as the {@link Parameters} do. */
    synchronized void leave(StoredTensor tensor, DType stored) {
        onDisk = new OnDisk(tensor, stored);
    }

    /** Where f32 values go: the memory that a trained parameter has already, or new memory, not yet {@link #bind bound}. */
    synchronized NewValues target() {
        return bound == null ? owner.allocate(this, DType.F32) : NewValues.of(bound.data);
    }

    /** Sets all values to those of f32 elements: in place, or, if it is frozen, in new memory. */
    synchronized void replace(TensorData values) {
        NewValues target = isFrozen() ? owner.allocate(this, DType.F32) : NewValues.of(bound().data);
        MemorySegment floats = values.readOnly();
        target.write((part, first, end) -> part.copyFrom(Elements.slice(floats, first, end)));
        bind(target.data(), DType.F32);
    }

    /** Takes over elements, instead of those it had; frozen if it is. */
    synchronized void bind(TensorData data, DType stored) {
        Bound before = bound;
        if (before != null && before.data == data) {
            bound = new Bound(data, before.tensor, stored);
            return;
        }
        if (isFrozen()) {
            data.freeze();
        }
        bound = new Bound(data, Tensor.variable(name, data), stored);
        if (before != null) {
            before.data.release();
        }
    }

    /** Ends the use of the elements. */
    synchronized void release() {
        if (bound != null && bound.data.isFrozen()) {
            bound.data.release();
        }
    }

    private synchronized Bound bound() {
        if (onDisk != null) {
            throw new IllegalStateException("Parameter " + this
                    + " is left in its file; expected one that is loaded, to compute with, see Parameters.frozen.");
        }
        if (bound == null && initial != null) {
            fill(initial);
        }
        Bound now = bound;
        if (now == null) {
            throw new IllegalStateException("Parameter " + this
                    + " has no values yet; expected them from a checkpoint, load one by ParameterFiles.load.");
        }
        return now;
    }

    @Override
    public String toString() {
        return name + " " + shape;
    }
}
