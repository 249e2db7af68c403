package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.attention.HeadLayout;
import io.llm2clip.kernels.cpu.matrix.attention.MaskedRows;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences.Sequence;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Attention, one head at a time: the keys are packed once, then each block of queries has its scores, their softmax and the
 * weighted values computed in cache. Scores of masked keys and of blocks above the causal diagonal are not computed. A sequence has the
 * same bits among any others.
 */
final class AttentionKernel implements Launch {
    private final AttentionShape shape;
    private final long[] addresses;
    private final Workers workers;
    private final HeadLayout heads;

    AttentionKernel(AttentionShape shape, long[] addresses, Workers workers) {
        this.shape = shape;
        this.addresses = addresses;
        this.workers = workers;
        heads = new HeadLayout(shape);
    }

    @Override
    public void run() {
        Sequences sequences = Sequences.read(shape, addresses[3]);
        AttentionLayout layout = new AttentionLayout(shape, sequences.longest());
        sequences.clearOthers(addresses[4], heads.queryRow());
        int blocks = 1;
        for (Sequence sequence : sequences.all()) {
            blocks = Math.max(blocks, AttentionLayout.blocks(sequence.queries()));
        }
        int all = sequences.all().size() * shape.heads();
        int parts = Math.clamp(4L * workers.threads() / Math.max(1, all), 1, blocks);
        workers.parallel(all * parts, (task, worker) -> {
            int head = task / parts;
            Sequence sequence = sequences.all().get(head / shape.heads());
            new Head(layout, sequence, head % shape.heads(), worker).attend(task % parts, parts);
        });
    }

    /** One head of one sequence. */
    private final class Head {
        final AttentionLayout layout;
        final Sequence sequence;
        final int head;
        final long edge;
        final long scores;
        final long packedA;
        final long packedKeys;
        final long packedValues;

        Head(AttentionLayout layout, Sequence sequence, int head, int worker) {
            this.layout = layout;
            this.sequence = sequence;
            this.head = head;
            long panelBytes = layout.keyPanelBytes();
            edge = workers.scratch(
                    worker, PanelMatmul.TILE_BYTES + layout.scoreBytes() + layout.packedABytes() + 2 * panelBytes);
            scores = edge + PanelMatmul.TILE_BYTES;
            packedA = scores + layout.scoreBytes();
            packedKeys = packedA + layout.packedABytes();
            packedValues = packedKeys + panelBytes;
        }

        /** Every {@code parts}-th block, from {@code part} on. */
        void attend(int part, int parts) {
            int size = shape.headSize();
            int length = sequence.keys();
            int blocks = AttentionLayout.blocks(sequence.queries());
            if (part >= blocks) {
                return;
            }
            if (length == 0) {
                if (part == 0) {
                    ScoreRows.clear(output(0), sequence.queries(), size, heads.queryRow());
                }
                return;
            }
            long offset = heads.key(sequence, head / heads.group());
            PackedB keys = PackedB.of(true, addresses[1] + offset, heads.keyRow(), size, length, packedKeys);
            PackedB values = PackedB.of(false, addresses[2] + offset, heads.keyRow(), length, size, packedValues);
            for (int block = part; block < blocks; block += parts) {
                int row = block * AttentionLayout.BLOCK;
                int end = row + Math.min(AttentionLayout.BLOCK, sequence.queries() - row);
                // A weight of 0 keeps a value that is not finite from no query, so each gets a block of its own.
                int rows = seenAlikeOrFinite(row, end) ? end - row : 1;
                for (; row < end; row += rows) {
                    block(keys, values, row, row + rows);
                }
            }
        }

        /** Whether all values that some queries of a block see and others do not are finite. */
        private boolean seenAlikeOrFinite(int from, int to) {
            long values = addresses[2] + heads.key(sequence, head / heads.group());
            for (int key = heads.keysSeen(sequence, from + 1); key < heads.keysSeen(sequence, to); key++) {
                if (!MaskedRows.isFinite(values + key * heads.keyRow(), shape.headSize())) {
                    return false;
                }
            }
            return true;
        }

        private void block(PackedB keys, PackedB values, int from, int to) {
            int size = shape.headSize();
            int rows = to - from;
            int seen = heads.keysSeen(sequence, to);
            int width = PackedB.padded(seen);
            long scoreRow = 4L * layout.scoreColumns();
            PackedA queries = PackedA.of(
                    false, addresses[0] + heads.query(sequence, head, from), heads.queryRow(), rows, size, packedA);
            for (int panel = 0; panel * MicroKernel.COLUMNS < seen; panel++) {
                long c = scores + 4L * panel * MicroKernel.COLUMNS;
                PanelMatmul.multiply(
                        queries, rows, MicroKernel.COLUMNS, size, keys.panelAt(panel), c, scoreRow, 0, 0, edge);
            }
            float[] sums = new float[rows];
            for (int r = 0; r < rows; r++) {
                int visible = heads.keysSeen(sequence, from + r + 1);
                sums[r] = ScoreRows.exponentials(scores + r * scoreRow, visible, width, shape.scale());
            }
            PackedA weights = PackedA.cached(false, scores, scoreRow, rows, seen, packedA);
            for (int column = 0; column < size; column += MicroKernel.COLUMNS) {
                long b = values.panelAt(column / MicroKernel.COLUMNS);
                int columns = Math.min(MicroKernel.COLUMNS, size - column);
                long c = output(from) + 4L * column;
                PanelMatmul.multiply(weights, rows, columns, seen, b, c, heads.queryRow(), 0, 0, edge);
            }
            for (int r = 0; r < rows; r++) {
                ScoreRows.scale(output(from + r), size, 1 / sums[r]);
            }
        }

        private long output(int row) {
            return addresses[4] + heads.query(sequence, head, row);
        }
    }
}
