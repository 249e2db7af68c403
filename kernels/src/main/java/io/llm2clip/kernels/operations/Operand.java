package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
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
        @Nullable Packing packing) {

    /**
     * What indices may be.
     *
     * @param least the least that one may be
     * @param most the most
     * @param ascending whether none may be less than the one before it
     */
    public record Bounds(int least, int most, boolean ascending) {}

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

    static Operand in(String name, long elements) {
        return new Operand(name, DType.F32, elements, Access.READ);
    }

    static Operand indices(String name, long elements, int least, int most) {
        return new Operand(name, DType.I32, elements, Access.READ, new Bounds(least, most, false), null);
    }

    static Operand ascending(String name, long elements, int least, int most) {
        return new Operand(name, DType.I32, elements, Access.READ, new Bounds(least, most, true), null);
    }

    static Operand out(long elements) {
        return out("out", elements);
    }

    static Operand out(String name, long elements) {
        return out(name, DType.F32, elements);
    }

    static Operand out(String name, DType dtype, long elements) {
        return new Operand(name, dtype, elements, Access.WRITE);
    }

    static Operand update(String name, long elements) {
        return new Operand(name, DType.F32, elements, Access.UPDATE);
    }

    /** Size in bytes. */
    public long bytes() {
        return packing == null ? dtype.bytes(elements) : packing.bytes();
    }
}
