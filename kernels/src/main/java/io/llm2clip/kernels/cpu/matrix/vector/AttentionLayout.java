package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * How queries are cut into blocks, and the scratch memory that they take.
 *
 * @param shape the attention
 * @param longest rows of keys of the longest sequence
 */
record AttentionLayout(AttentionShape shape, int longest) {
    /** Queries of a block, whole tiles: their scores over all keys stay in the L2 cache. */
    static final int BLOCK = 48;

    /** Blocks of so many queries. */
    static int blocks(int queries) {
        return Math.ceilDiv(queries, BLOCK);
    }

    /** Floats from one row of scores to the next: whole panels, and not a power of two, which would share cache sets. */
    int scoreColumns() {
        return PackedB.padded(longest) + Vectors.LANES;
    }

    /** Bytes of a block of scores. */
    long scoreBytes() {
        return 4L * BLOCK * scoreColumns();
    }

    /** Bytes of all keys as panels of keys, or as panels of channels, whichever is more. */
    long keyPanelBytes() {
        return Math.max(
                PackedB.scratchBytes(shape.headSize(), longest), PackedB.scratchBytes(longest, shape.headSize()));
    }

    /** Bytes of the packed A operands of one block. */
    long packedABytes() {
        long byKey = Math.max(PackedA.scratchBytes(BLOCK, longest), PackedA.scratchBytes(longest, BLOCK));
        return Math.max(PackedA.scratchBytes(BLOCK, shape.headSize()), byKey);
    }
}
