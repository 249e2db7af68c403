package io.llm2clip.kernels.cpu.matrix.attention;

import io.llm2clip.kernels.cpu.matrix.attention.Sequences.Sequence;
import io.llm2clip.kernels.operations.AttentionShape;

/** Where the heads of an attention's operands are, and which keys its queries see. */
public record HeadLayout(AttentionShape shape) {

    /** Bytes from one query to the next. */
    public long queryRow() {
        return 4L * shape.heads() * shape.headSize();
    }

    /** Bytes from one key, or value, to the next. */
    public long keyRow() {
        return 4L * shape.keyValueHeads() * shape.headSize();
    }

    /** Offset in bytes of a query head's row. */
    public long query(Sequence sequence, int head, int row) {
        return (sequence.firstQuery() + row) * queryRow() + 4L * head * shape.headSize();
    }

    /** Offset in bytes of a key head's first row. */
    public long key(Sequence sequence, int keyValueHead) {
        return sequence.firstKey() * keyRow() + 4L * keyValueHead * shape.headSize();
    }

    /** Query heads that share a key head. */
    public int group() {
        return shape.heads() / shape.keyValueHeads();
    }

    /** Keys that any query before {@code queryEnd} sees. */
    public int keysSeen(Sequence sequence, int queryEnd) {
        return shape.causal() ? Math.min(sequence.keys(), queryEnd) : sequence.keys();
    }
}
