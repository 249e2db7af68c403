package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.matrix.machine.attention.RowCopyProgram.Rows;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.RowPanels;
import org.jspecify.annotations.Nullable;

/**
 * Attention in f32. Keys and values are copied once where there are several blocks of queries to read them; scores of masked keys and of
 * blocks above the causal diagonal are not computed.
 *
 * @param panels the layout of the result; null if by rows
 */
record FloatAttention(AttentionShape shape, @Nullable RowPanels panels, BlockPrograms programs)
        implements BlockAttention {

    @Override
    public int queries(int all) {
        return BlockShape.most(programs.width());
    }

    @Override
    public long scratchBytes(int longest) {
        return BlockCall.bytes(longest) + blockBytes() + 2L * longest * rowBytes();
    }

    private long blockBytes() {
        return new BlockShape(programs.width(), shape.headSize(), BlockShape.MOST_VECTORS, 0).bytes();
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
        BlockCall.setConstants(call, programs.width(), shape);
        BlockCall.set(call, BlockCall.QUERY_ROW, head.layout().queryRow());
        BlockCall.set(call, BlockCall.OUT_ROW, head.layout().queryRow());
        BlockCall.set(call, BlockCall.KEYS, copied ? copiedKeys : head.keys());
        BlockCall.set(call, BlockCall.VALUES, copied ? copiedValues : head.values());
        BlockCall.set(call, BlockCall.SCRATCH, scratch);
        BlockCall.set(call, BlockCall.PIECE_TABLE, scratch - BlockCall.PIECE_TABLE_BYTES);
        int keyRow = copied ? rowBytes() : Math.toIntExact(head.layout().keyRow());
        return (number, from, rows) -> block(head, call, keyRow, number, from, rows);
    }

    private void copy(KeyValueHead head, long call, long from, long to) {
        programs.copy(
                shape.headSize(),
                new Rows(from, head.layout().keyRow()),
                new Rows(to, rowBytes()),
                head.sequence().keys(),
                call);
    }

    private void block(KeyValueHead head, long call, int keyRow, int number, int from, int rows) {
        int lanes = programs.width().count();
        int vectors = Math.ceilDiv(rows, lanes);
        BlockShape block = new BlockShape(programs.width(), shape.headSize(), vectors, keyRow);
        BlockCall.set(call, BlockCall.QUERIES, head.query(number, from));
        BlockCall.set(call, BlockCall.OUT, head.output(number, from));
        BlockCall.set(call, BlockCall.PIECES, 0);
        for (int v = 0; v < vectors; v++) {
            int lane = v * lanes;
            int ofVector = Math.min(lanes, rows - lane);
            BlockCall.set(call, BlockCall.ROWS + v * Long.BYTES, ofVector);
            if (panels != null) {
                long row = head.sequence().firstQuery() + from + lane;
                new PanelRows(panels, head.operands()[4])
                        .forEach(
                                row,
                                ofVector,
                                number * shape.headSize(),
                                (done, some, at, channel) ->
                                        BlockCall.addPiece(call, block, lane + done, some, at, channel));
            }
        }
        BlockCall.setChunks(call, block, head.keysSeen(from + rows), head.keysSeen(from + 1));
        programs.block(block, panels != null).call(call);
    }
}
