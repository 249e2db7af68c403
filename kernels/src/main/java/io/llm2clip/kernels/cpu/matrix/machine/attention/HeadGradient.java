package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.attention.MaskedRows;
import io.llm2clip.kernels.cpu.matrix.machine.attention.RowCopyProgram.Rows;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.AttentionShape;

/** Gradients of a key/value head that has keys, by a {@link GradientProgram} for each block of queries. */
final class HeadGradient {
    /** The argument of a copy, behind that of the program. */
    private static final int COPY_CALL = GradientCall.BYTES;

    private static final int CALLS = COPY_CALL + RowCopyProgram.BYTES;

    private final KeyValueHead head;
    private final BlockPrograms programs;
    private final AttentionShape shape;
    private final VectorWidth width;
    private final int keys;
    private final int row;
    private final long call;
    private final long keyVectors;
    private final long valueVectors;
    private final long keyGradients;
    private final long valueGradients;
    private final long queryVectors;
    private final long outputGradientVectors;

    /** @param scratch {@link #scratchBytes} bytes, aligned to 64 */
    HeadGradient(KeyValueHead head, BlockPrograms programs, long scratch) {
        this.head = head;
        this.programs = programs;
        this.call = scratch;
        shape = head.shape();
        keys = head.sequence().keys();
        width = programs.width();
        row = row(shape, width);
        long ofKeys = (long) keys * row;
        keyVectors = scratch + CALLS + blockBytes(shape, width, keys);
        valueVectors = keyVectors + ofKeys;
        keyGradients = valueVectors + ofKeys;
        valueGradients = keyGradients + ofKeys;
        queryVectors = valueGradients + ofKeys;
        outputGradientVectors = queryVectors + (long) BlockShape.most(width) * row;
    }

    static long scratchBytes(AttentionShape shape, VectorWidth width, int longest) {
        long rows = 4L * longest + 2L * BlockShape.most(width);
        return CALLS + blockBytes(shape, width, longest) + rows * row(shape, width);
    }

    /** Of what has lanes: two rows for each key besides those of any block. */
    private static long blockBytes(AttentionShape shape, VectorWidth width, int keys) {
        BlockShape block = new BlockShape(width, shape.headSize(), BlockShape.MOST_VECTORS, row(shape, width));
        return block.scores() + 2L * keys * block.row();
    }

    /** Bytes of a row of whole vectors. */
    private static int row(AttentionShape shape, VectorWidth width) {
        return Math.ceilDiv(shape.headSize(), width.count()) * width.bytes();
    }

    void compute() {
        long keyRow = head.layout().keyRow();
        copy(head.keys(), keyRow, keyVectors, row, keys);
        copy(head.values(), keyRow, valueVectors, row, keys);
        Memory.ALL.asSlice(keyGradients, 2L * keys * row).fill((byte) 0);
        GradientCall.setConstants(call, width, shape);
        BlockCall.set(call, BlockCall.QUERY_ROW, head.layout().queryRow());
        BlockCall.set(call, BlockCall.OUT_ROW, head.layout().queryRow());
        BlockCall.set(call, BlockCall.KEYS, keyVectors);
        BlockCall.set(call, BlockCall.VALUES, valueVectors);
        BlockCall.set(call, BlockCall.SCRATCH, call + CALLS);
        BlockCall.set(call, GradientCall.KEY_GRADIENTS, keyGradients);
        BlockCall.set(call, GradientCall.VALUE_GRADIENTS, valueGradients);
        BlockCall.set(call, GradientCall.QUERY_VECTORS, queryVectors);
        BlockCall.set(call, GradientCall.OUTPUT_GRADIENT_VECTORS, outputGradientVectors);
        for (int g = 0; g < head.layout().group(); g++) {
            queries(head.firstHead() + g);
        }
        long offset = head.layout().key(head.sequence(), head.number());
        copy(keyGradients, row, head.operands()[6] + offset, keyRow, keys);
        copy(valueGradients, row, head.operands()[7] + offset, keyRow, keys);
    }

    private void queries(int number) {
        int queries = head.sequence().queries();
        for (int from = 0; from < queries; ) {
            int end = Math.min(from + BlockShape.most(width), queries);
            // Where what only some of them see is not finite, each query gets a block.
            boolean together = MaskedRows.areFinite(head.layout(), head.operands(), head.sequence(), number, from, end);
            int rows = together ? end - from : 1;
            for (; from < end; from += rows) {
                block(number, from, rows);
            }
        }
    }

    private void block(int number, int from, int rows) {
        long queryRow = head.layout().queryRow();
        long offset = head.layout().query(head.sequence(), number, from);
        long outputGradients = head.operands()[4] + offset;
        copy(head.query(number, from), queryRow, queryVectors, row, rows);
        copy(outputGradients, queryRow, outputGradientVectors, row, rows);
        int vectors = Math.ceilDiv(rows, width.count());
        BlockShape block = new BlockShape(width, shape.headSize(), vectors, row);
        int seen = head.keysSeen(from + rows);
        BlockCall.set(call, BlockCall.QUERIES, head.query(number, from));
        BlockCall.set(call, BlockCall.OUT, head.operands()[5] + offset);
        BlockCall.set(call, GradientCall.OUTPUT_GRADIENTS, outputGradients);
        BlockCall.set(call, GradientCall.COUNT, rows);
        BlockCall.set(call, GradientCall.SCORE_GRADIENTS, call + CALLS + block.scores() + (long) seen * block.row());
        for (int v = 0; v < vectors; v++) {
            int ofVector = Math.min(width.count(), rows - v * width.count());
            BlockCall.set(call, BlockCall.ROWS + v * Long.BYTES, ofVector);
        }
        GradientCall.setKeys(call, block, seen, head.keysSeen(from + 1));
        programs.gradient(block).call(call);
    }

    private void copy(long from, long fromRow, long to, long toRow, int rows) {
        programs.copy(shape.headSize(), new Rows(from, fromRow), new Rows(to, toRow), rows, call + COPY_CALL);
    }
}
