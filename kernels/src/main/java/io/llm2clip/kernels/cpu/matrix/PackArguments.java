package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.MemorySegment;

/** What every {@link MatrixUnit#pack} and {@link MatrixUnit#unpack} ask of their arguments. */
public final class PackArguments {
    private PackArguments() {}

    /**
     * Requires a matrix that can be packed as is asked for.
     *
     * @param layout the only one that the unit packs
     * @throws IllegalArgumentException if another layout is asked for, the matrix is not what it is of, or memory is missing
     */
    public static void require(String layout, Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to) {
        if (!packing.unit().equals(layout)
                || !b.transposed()
                || b.format() != packing.format()
                || b.packing() != null) {
            throw new IllegalArgumentException("Packing " + b + " as " + packing + ", expected a transposed "
                    + packing.format() + " operand stored by rows, and a layout of " + layout + ".");
        }
        long stored = b.format().bytes((packing.n() - 1L) * b.leadingDimension() + packing.k());
        if (from.byteSize() < stored || to.byteSize() < packing.bytes() || !from.isNative() || !to.isNative()) {
            throw new IllegalArgumentException("Packing from " + from.byteSize() + " to " + to.byteSize()
                    + " bytes, expected at least " + stored + " and " + packing.bytes() + " off-heap.");
        }
    }

    /**
     * Requires a packed matrix, and memory for its rows.
     *
     * @throws IllegalArgumentException if the layout is another one, or memory is missing
     */
    public static void requireUnpackable(String layout, Packing packing, MemorySegment from, MemorySegment to) {
        if (!packing.unit().equals(layout)) {
            throw new IllegalArgumentException("Unpacking " + packing + ", expected a layout of " + layout + ".");
        }
        long stored = packing.format().bytes((long) packing.n() * packing.k());
        if (from.byteSize() < packing.bytes() || to.byteSize() < stored || !from.isNative() || !to.isNative()) {
            throw new IllegalArgumentException("Unpacking from " + from.byteSize() + " to " + to.byteSize()
                    + " bytes, expected at least " + packing.bytes() + " and " + stored + " off-heap.");
        }
    }
}
