package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One buffer that a {@link KernelOp} touches.
 *
 * @param name the operand's role, as error messages and device parameter lists use it
 * @param dtype element type
 * @param elements number of elements that may be addressed from the operand's start
 * @param access whether the kernel reads, writes every element, or updates in place
 * @param bounds what the elements must lie in, for those that kernels take as indices
 * @param packing the layout, where elements are not stored in their own order
 */
public record Operand(
        String name,
        DType dtype,
        long elements,
        Access access,
        @Nullable Bounds bounds,
        @Nullable PackedLayout packing) {

    /**
     * What indices may be.
     *
     * @param least the least that one may be
     * @param most the most
     * @param ascending whether none may be less than the one before it
     */
    public record Bounds(int least, int most, boolean ascending) {}

    public Operand {
        if (name.isBlank()) {
            throw new IllegalArgumentException(
                    "An operand has the name '" + name + "', expected one that messages can call it by; say its role.");
        }
        if (elements < 0) {
            throw new IllegalArgumentException(
                    "Operand '" + name + "' has " + elements + " elements, expected 0 or more; look for an overflow.");
        }
        if (bounds != null && (dtype != DType.I32 || access != Access.READ)) {
            throw new IllegalArgumentException("Operand '" + name + "' is " + access + " of " + dtype
                    + " and has bounds, expected READ of I32; bounds are of indices.");
        }
        if (elements % dtype.blockSize() != 0) {
            throw new IllegalArgumentException("Operand '" + name + "' has " + elements + " elements of " + dtype
                    + ", expected whole blocks of " + dtype.blockSize() + "; pad the rows, or use a dense format.");
        }
    }

    /** An operand whose elements may be anything. */
    public Operand(String name, DType dtype, long elements, Access access) {
        this(name, dtype, elements, access, null, null);
    }

    /** How an operand is used. A {@code WRITE} operand is completely overwritten, whatever it held. */
    public enum Access {
        READ,
        WRITE,
        UPDATE
    }

    /** An f32 operand that is read. */
    public static Operand in(String name, long elements) {
        return in(name, DType.F32, elements);
    }

    /** An operand that is read. */
    public static Operand in(String name, DType dtype, long elements) {
        return new Operand(name, dtype, elements, Access.READ);
    }

    /** Indices, i32 from {@code least} to {@code most}: checked before a kernel gets them, so that it need not. */
    public static Operand indices(String name, long elements, int least, int most) {
        return new Operand(name, DType.I32, elements, Access.READ, new Bounds(least, most, false), null);
    }

    /** Indices of which none is less than the one before it, such as offsets. */
    public static Operand ascending(String name, long elements, int least, int most) {
        return new Operand(name, DType.I32, elements, Access.READ, new Bounds(least, most, true), null);
    }

    /** The f32 result of an operation that has one. */
    public static Operand out(long elements) {
        return out("out", elements);
    }

    /** An f32 result. */
    public static Operand out(String name, long elements) {
        return out(name, DType.F32, elements);
    }

    /** A result: every element of it is written. */
    public static Operand out(String name, DType dtype, long elements) {
        return new Operand(name, dtype, elements, Access.WRITE);
    }

    /** An f32 operand that is read and changed in place. */
    public static Operand update(String name, long elements) {
        return update(name, DType.F32, elements);
    }

    /** An operand that is read and changed in place. */
    public static Operand update(String name, DType dtype, long elements) {
        return new Operand(name, dtype, elements, Access.UPDATE);
    }

    /** The same elements in a packed layout. */
    Operand packed(PackedLayout layout) {
        return new Operand(name, dtype, elements, access, bounds, layout);
    }

    /** Its bytes at the start of a buffer, which cannot be written where the operand is only read. */
    public MemorySegment within(MemorySegment buffer) {
        MemorySegment exact = buffer.asSlice(0, bytes());
        return access == Access.READ ? exact.asReadOnly() : exact;
    }

    /** Size in bytes. */
    public long bytes() {
        return packing == null ? dtype.bytes(elements) : packing.bytes();
    }
}
