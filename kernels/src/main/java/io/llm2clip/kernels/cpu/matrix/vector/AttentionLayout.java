package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.IndexException;

/**
 * Where the heads of an attention's operands are, and how queries are cut into blocks.
 *
 * @param shape the attention
 */
record AttentionLayout(AttentionShape shape) {
    /** Queries of a block, whole tiles: their scores over all keys stay in the L2 cache. */
    static final int BLOCK = 48;

    /** Blocks of the queries of a head. */
    int blocks() {
        return Math.ceilDiv(shape.queries(), BLOCK);
    }

    /** Bytes from one query to the next. */
    long queryRow() {
        return 4L * shape.heads() * shape.headSize();
    }

    /** Bytes from one key, or value, to the next. */
    long keyRow() {
        return 4L * shape.keyValueHeads() * shape.headSize();
    }

    /** Offset in bytes of a query head's row. */
    long query(int batch, int head, int row) {
        return ((long) batch * shape.queries() + row) * queryRow() + 4L * head * shape.headSize();
    }

    /** Offset in bytes of a key head's first row. */
    long key(int batch, int keyValueHead) {
        return (long) batch * shape.keys() * keyRow() + 4L * keyValueHead * shape.headSize();
    }

    /** Query heads that share a key head. */
    int group() {
        return shape.heads() / shape.keyValueHeads();
    }

    /** Keys that exist for a sequence. */
    int length(long lengths, int batch) {
        int length = Memory.getInt(lengths + 4L * batch);
        IndexException.require("Attention", "lengths", batch, length, 0, shape.keys());
        return length;
    }

    /** Keys that any query before {@code queryEnd} sees. */
    int keysSeen(int length, int queryEnd) {
        return shape.causal() ? Math.min(length, queryEnd) : length;
    }

    /** Floats from one row of scores to the next: whole panels, and not a power of two, which would share cache sets. */
    int scoreColumns() {
        return PackedB.padded(shape.keys()) + Vectors.LANES;
    }

    /** Bytes of a block of scores. */
    long scoreBytes() {
        return 4L * BLOCK * scoreColumns();
    }

    /** Bytes of all keys as panels of keys, or as panels of channels, whichever is more. */
    long keyPanelBytes() {
        return Math.max(
                PackedB.scratchBytes(shape.headSize(), shape.keys()),
                PackedB.scratchBytes(shape.keys(), shape.headSize()));
    }

    /** Bytes of the packed A operands of one block. */
    long packedABytes() {
        long byKey = Math.max(
                PackedA.scratchBytes(false, BLOCK, shape.keys()), PackedA.scratchBytes(true, shape.keys(), BLOCK));
        return Math.max(PackedA.scratchBytes(false, BLOCK, shape.headSize()), byKey);
    }
}
