package io.llm2clip.tensor;

import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.MemorySegment;

/**
 * How a device keeps a matrix that never changes, {@code [n, k]} as the transposed second operand of matmuls, so that it need not keep a copy
 * besides the rows. Nothing is lost: the rows can be had again.
 */
public interface WeightLayout {

    /** The layout as kernels know it, with the size of the memory. */
    Packing packing();

    /**
     * Packs some of the rows; parts may be packed by several threads.
     *
     * @param first the first of them, a multiple of the packing's panel columns
     * @param count how many, a multiple too but for the last ones
     * @param rows their elements only, off-heap
     * @param packed the whole packed matrix
     */
    void pack(int first, int count, MemorySegment rows, MemorySegment packed);

    /** Writes all rows of a packed matrix. */
    void unpack(MemorySegment packed, MemorySegment rows);
}
