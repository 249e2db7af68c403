package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.matrix.vector.Sequences.Sequence;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Where the heads of an attention's operands are, and how queries are cut into blocks.
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

    /** Bytes from one query to the next. */
    long queryRow() {
        return 4L * shape.heads() * shape.headSize();
    }

    /** Bytes from one key, or value, to the next. */
    long keyRow() {
        return 4L * shape.keyValueHeads() * shape.headSize();
    }

    /** Offset in bytes of a query head's row. */
    long query(Sequence sequence, int head, int row) {
        return (sequence.firstQuery() + row) * queryRow() + 4L * head * shape.headSize();
    }

    /** Offset in bytes of a key head's first row. */
    long key(Sequence sequence, int keyValueHead) {
        return sequence.firstKey() * keyRow() + 4L * keyValueHead * shape.headSize();
    }

    /** Query heads that share a key head. */
    int group() {
        return shape.heads() / shape.keyValueHeads();
    }

    /** Keys that any query before {@code queryEnd} sees. */
    int keysSeen(Sequence sequence, int queryEnd) {
        return shape.causal() ? Math.min(sequence.keys(), queryEnd) : sequence.keys();
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
