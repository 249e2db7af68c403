package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Attention in f32. Keys and values are copied once where there are several blocks of queries to read them; scores of masked keys and of
 * blocks above the causal diagonal are not computed.
 */
record FloatAttention(AttentionShape shape, BlockPrograms programs) implements BlockAttention {

    @Override
    public int queries(int all) {
        return BlockShape.QUERIES;
    }

    @Override
    public long scratchBytes(int longest) {
        return BlockCall.bytes(longest) + blockBytes() + 2L * longest * rowBytes();
    }

    private long blockBytes() {
        return new BlockShape(shape.headSize(), BlockShape.MOST_VECTORS, 0).bytes();
    }

    private int rowBytes() {
        return shape.headSize() * Float.BYTES;
    }

    /** A call, scratch memory of programs, and copied keys and values. */
    @Override
    public Attending begin(KeyValueHead head, long call, int blocks) {
        int keys = head.sequence().keys();
        long scratch = call + BlockCall.bytes(keys);
        boolean copied = blocks > 1;
        long copiedKeys = scratch + blockBytes();
        long copiedValues = copiedKeys + (long) keys * rowBytes();
        if (copied) {
            copy(head, call, head.keys(), copiedKeys);
            copy(head, call, head.values(), copiedValues);
        }
        BlockCall.setConstants(call, shape.scale());
        BlockCall.set(call, BlockCall.QUERY_ROW, head.layout().queryRow());
        BlockCall.set(call, BlockCall.OUT_ROW, head.layout().queryRow());
        BlockCall.set(call, BlockCall.KEYS, copied ? copiedKeys : head.keys());
        BlockCall.set(call, BlockCall.VALUES, copied ? copiedValues : head.values());
        BlockCall.set(call, BlockCall.SCRATCH, scratch);
        int keyRow = copied ? rowBytes() : Math.toIntExact(head.layout().keyRow());
        return (number, from, rows) -> block(head, call, keyRow, number, from, rows);
    }

    private void copy(KeyValueHead head, long call, long from, long to) {
        RowCopyProgram.set(
                call,
                from,
                head.layout().keyRow(),
                to,
                rowBytes(),
                head.sequence().keys());
        programs.copy(shape.headSize()).call(call);
    }

    private void block(KeyValueHead head, long call, int keyRow, int number, int from, int rows) {
        int vectors = Math.ceilDiv(rows, BlockShape.LANES);
        BlockShape lanes = new BlockShape(shape.headSize(), vectors, keyRow);
        BlockCall.set(call, BlockCall.QUERIES, head.query(number, from));
        BlockCall.set(call, BlockCall.OUT, head.output(number, from));
        for (int v = 0; v < vectors; v++) {
            int ofVector = Math.min(BlockShape.LANES, rows - v * BlockShape.LANES);
            BlockCall.set(call, BlockCall.ROWS + v * Long.BYTES, ofVector);
        }
        BlockCall.setChunks(call, lanes, head.keysSeen(from + rows), head.keysSeen(from + 1));
        programs.block(lanes).call(call);
    }
}
