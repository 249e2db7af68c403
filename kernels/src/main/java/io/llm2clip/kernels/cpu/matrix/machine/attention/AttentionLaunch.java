package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.matrix.attention.HeadLayout;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences.Sequence;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Attention, one head at a time, its keys and values copied once where there are several blocks of queries to read them. Scores of masked keys and of blocks above the causal diagonal are not
 * computed. A sequence has the same bits among any others.
 */
final class AttentionLaunch implements Launch {
    private final AttentionShape shape;
    private final long[] addresses;
    private final BlockPrograms programs;
    private final Workers workers;
    private final HeadLayout heads;

    AttentionLaunch(AttentionShape shape, long[] addresses, BlockPrograms programs, Workers workers) {
        this.shape = shape;
        this.addresses = addresses;
        this.programs = programs;
        this.workers = workers;
        heads = new HeadLayout(shape);
    }

    @Override
    public void run() {
        Sequences sequences = Sequences.read(shape, addresses[3]);
        sequences.clearOthers(addresses[4], heads.queryRow());
        int blocks = 1;
        for (Sequence sequence : sequences.all()) {
            blocks = Math.max(blocks, blocks(sequence));
        }
        int all = sequences.all().size() * shape.heads();
        int parts = Math.clamp(4L * workers.threads() / Math.max(1, all), 1, blocks);
        workers.parallel(all * parts, (task, worker) -> {
            int head = task / parts;
            Sequence sequence = sequences.all().get(head / shape.heads());
            new Head(sequence, sequences.longest(), head % shape.heads(), worker).attend(task % parts, parts);
        });
    }

    private static int blocks(Sequence sequence) {
        return Math.ceilDiv(sequence.queries(), BlockShape.QUERIES);
    }

    /** One head of one sequence. */
    private final class Head {
        final Sequence sequence;
        final int head;
        final long call;
        final long scratch;
        final long keys;
        final long values;

        Head(Sequence sequence, int longest, int head, int worker) {
            this.sequence = sequence;
            this.head = head;
            long callBytes = BlockCall.bytes(longest);
            long scratchBytes = new BlockShape(shape.headSize(), BlockShape.MOST_VECTORS, 0).bytes();
            long keyBytes = (long) longest * rowBytes();
            call = workers.scratch(worker, callBytes + scratchBytes + 2 * keyBytes);
            scratch = call + callBytes;
            keys = scratch + scratchBytes;
            values = keys + keyBytes;
        }

        /** Every {@code parts}-th block, from {@code part} on. */
        void attend(int part, int parts) {
            int blocks = blocks(sequence);
            if (part >= blocks) {
                return;
            }
            if (sequence.keys() == 0) {
                if (part == 0) {
                    clear();
                }
                return;
            }
            long offset = heads.key(sequence, head / heads.group());
            boolean copied = blocks > 1;
            if (copied) {
                copy(addresses[1] + offset, keys);
                copy(addresses[2] + offset, values);
            }
            BlockCall.setConstants(call, shape.scale());
            BlockCall.set(call, BlockCall.QUERY_ROW, heads.queryRow());
            BlockCall.set(call, BlockCall.OUT_ROW, heads.queryRow());
            BlockCall.set(call, BlockCall.KEYS, copied ? keys : addresses[1] + offset);
            BlockCall.set(call, BlockCall.VALUES, copied ? values : addresses[2] + offset);
            BlockCall.set(call, BlockCall.SCRATCH, scratch);
            for (int block = part; block < blocks; block += parts) {
                int from = block * BlockShape.QUERIES;
                int rows = Math.min(BlockShape.QUERIES, sequence.queries() - from);
                block(from, rows, copied ? rowBytes() : Math.toIntExact(heads.keyRow()));
            }
        }

        private int rowBytes() {
            return shape.headSize() * Float.BYTES;
        }

        private void clear() {
            for (int row = 0; row < sequence.queries(); row++) {
                long out = addresses[4] + heads.query(sequence, head, row);
                Memory.ALL.asSlice(out, (long) shape.headSize() * Float.BYTES).fill((byte) 0);
            }
        }

        private void copy(long from, long to) {
            BlockCall.set(call, RowCopyProgram.FROM, from);
            BlockCall.set(call, RowCopyProgram.FROM_ROW, heads.keyRow());
            BlockCall.set(call, RowCopyProgram.TO, to);
            BlockCall.set(call, RowCopyProgram.ROWS, sequence.keys());
            programs.copy(shape.headSize()).call(call);
        }

        private void block(int from, int rows, int keyRow) {
            int vectors = Math.ceilDiv(rows, BlockShape.LANES);
            BlockShape lanes = new BlockShape(shape.headSize(), vectors, keyRow);
            long query = heads.query(sequence, head, from);
            BlockCall.set(call, BlockCall.QUERIES, addresses[0] + query);
            BlockCall.set(call, BlockCall.OUT, addresses[4] + query);
            for (int v = 0; v < vectors; v++) {
                int ofVector = Math.min(BlockShape.LANES, rows - v * BlockShape.LANES);
                BlockCall.set(call, BlockCall.ROWS + v * Long.BYTES, ofVector);
            }
            BlockCall.setChunks(call, lanes, heads.keysSeen(sequence, from + rows), heads.keysSeen(sequence, from + 1));
            MachineFunction function = programs.block(lanes);
            function.call(call);
        }
    }
}
