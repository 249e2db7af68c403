package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.attention.HeadLayout;
import io.llm2clip.kernels.cpu.matrix.attention.MaskedRows;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences.Sequence;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Gradients of an attention, one key/value head at a time: all query heads of its group and all their blocks add
 * to its gradients, in one order, so that the sums do not depend on the number of threads. Scores are recomputed.
 */
final class AttentionGradientKernel implements Launch {
    private final AttentionShape shape;
    private final long[] addresses;
    private final Workers workers;
    private final HeadLayout heads;

    AttentionGradientKernel(AttentionShape shape, long[] addresses, Workers workers) {
        this.shape = shape;
        this.addresses = addresses;
        this.workers = workers;
        heads = new HeadLayout(shape);
    }

    @Override
    public void run() {
        Sequences sequences = Sequences.read(shape, addresses[3]);
        AttentionLayout layout = new AttentionLayout(shape, sequences.longest());
        sequences.clearOthers(addresses[5], heads.queryRow());
        sequences.clearOthers(addresses[6], heads.keyRow());
        sequences.clearOthers(addresses[7], heads.keyRow());
        int each = shape.keyValueHeads();
        workers.parallel(sequences.all().size() * each, (task, worker) -> {
            Sequence sequence = sequences.all().get(task / each);
            new Head(layout, sequence, task % each, worker).differentiate();
        });
    }

    /** One key/value head of one sequence. */
    private final class Head {
        final Sequence sequence;
        final int keyValueHead;
        final int size = shape.headSize();
        final int length;
        final long scoreRow;
        final long edge;
        final long weights;
        final long scoreGradients;
        final long packedA;
        final long blockPanels;
        final long keys;
        final long values;
        final long keyGradient;
        final long valueGradient;
        final PackedB keysByKey;
        final PackedB valuesByKey;
        final PackedB keysByChannel;

        Head(AttentionLayout layout, Sequence sequence, int keyValueHead, int worker) {
            this.sequence = sequence;
            this.keyValueHead = keyValueHead;
            length = sequence.keys();
            scoreRow = 4L * layout.scoreColumns();
            long panelBytes = layout.keyPanelBytes();
            long block = PackedB.scratchBytes(AttentionLayout.BLOCK, size);
            edge = workers.scratch(
                    worker,
                    PanelMatmul.TILE_BYTES + 2 * layout.scoreBytes() + layout.packedABytes() + block + 3 * panelBytes);
            weights = edge + PanelMatmul.TILE_BYTES;
            scoreGradients = weights + layout.scoreBytes();
            packedA = scoreGradients + layout.scoreBytes();
            blockPanels = packedA + layout.packedABytes();
            long packed = blockPanels + block;
            long offset = heads.key(sequence, keyValueHead);
            keys = addresses[1] + offset;
            values = addresses[2] + offset;
            keyGradient = addresses[6] + offset;
            valueGradient = addresses[7] + offset;
            keysByKey = PackedB.of(true, keys, heads.keyRow(), size, length, packed);
            valuesByKey = PackedB.of(true, values, heads.keyRow(), size, length, packed + panelBytes);
            keysByChannel = PackedB.of(false, keys, heads.keyRow(), length, size, packed + 2 * panelBytes);
        }

        void differentiate() {
            ScoreRows.clear(keyGradient, sequence.keyRows(), size, heads.keyRow());
            ScoreRows.clear(valueGradient, sequence.keyRows(), size, heads.keyRow());
            for (int g = 0; g < heads.group(); g++) {
                int head = keyValueHead * heads.group() + g;
                if (length == 0) {
                    long queries = addresses[5] + heads.query(sequence, head, 0);
                    ScoreRows.clear(queries, sequence.queries(), size, heads.queryRow());
                    continue;
                }
                for (int block = 0; block < AttentionLayout.blocks(sequence.queries()); block++) {
                    int from = block * AttentionLayout.BLOCK;
                    int end = Math.min(from + AttentionLayout.BLOCK, sequence.queries());
                    // The gradient 0 of a score that does not exist keeps nothing that is not finite away, so each
                    // query gets a block.
                    int rows = MaskedRows.areFinite(heads, addresses, sequence, head, from, end) ? end - from : 1;
                    for (; from < end; from += rows) {
                        block(head, from, rows);
                    }
                }
            }
        }

        private void block(int head, int from, int rows) {
            long offset = heads.query(sequence, head, from);
            long query = addresses[0] + offset;
            long outputGradient = addresses[4] + offset;
            int seen = heads.keysSeen(sequence, from + rows);
            byKey(query, keysByKey, rows, seen, weights);
            byKey(outputGradient, valuesByKey, rows, seen, scoreGradients);
            int width = PackedB.padded(seen);
            for (int r = 0; r < rows; r++) {
                long row = weights + r * scoreRow;
                int visible = heads.keysSeen(sequence, from + r + 1);
                float sum = ScoreRows.exponentials(row, visible, width, shape.scale());
                ScoreRows.scale(row, visible, 1 / sum);
                ScoreRows.gradient(row, scoreGradients + r * scoreRow, visible, width, shape.scale());
            }
            PackedA scoreGradientsA = PackedA.cached(false, scoreGradients, scoreRow, rows, seen, packedA);
            byChannel(scoreGradientsA, rows, seen, keysByChannel, addresses[5] + offset, heads.queryRow(), false);
            // Rows are stored [query, key]; read by columns they are A transposed.
            PackedB queries = PackedB.of(false, query, heads.queryRow(), rows, size, blockPanels);
            PackedA scoreGradientsByKey = PackedA.cached(true, scoreGradients, scoreRow, seen, rows, packedA);
            byChannel(scoreGradientsByKey, seen, rows, queries, keyGradient, heads.keyRow(), true);
            PackedB gradients = PackedB.of(false, outputGradient, heads.queryRow(), rows, size, blockPanels);
            PackedA weightsByKey = PackedA.cached(true, weights, scoreRow, seen, rows, packedA);
            byChannel(weightsByKey, seen, rows, gradients, valueGradient, heads.keyRow(), true);
        }

        /** A block's rows times all keys, into scratch. */
        private void byKey(long rowsOf, PackedB b, int rows, int seen, long to) {
            PackedA block = PackedA.of(false, rowsOf, heads.queryRow(), rows, size, packedA);
            for (int panel = 0; panel * MicroKernel.COLUMNS < seen; panel++) {
                long c = to + 4L * panel * MicroKernel.COLUMNS;
                PanelMatmul.multiply(block, rows, MicroKernel.COLUMNS, size, b.panelAt(panel), c, scoreRow, 0, 0, edge);
            }
        }

        private void byChannel(PackedA a, int rows, int k, PackedB b, long to, long toRow, boolean accumulate) {
            for (int column = 0; column < size; column += MicroKernel.COLUMNS) {
                int columns = Math.min(MicroKernel.COLUMNS, size - column);
                long c = to + 4L * column;
                long panel = b.panelAt(column / MicroKernel.COLUMNS);
                PanelMatmul.multiply(a, rows, columns, k, panel, c, toRow, accumulate ? c : 0, toRow, edge);
            }
        }
    }
}
