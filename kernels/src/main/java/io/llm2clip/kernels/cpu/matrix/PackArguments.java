package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.MemorySegment;

/** What every {@link MatrixUnit#pack} asks of its arguments. */
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
}
