package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Attention, one head at a time: the keys are packed once, then each block of queries has its scores, their softmax and the
 * weighted values computed in cache. Scores of masked keys and of blocks above the causal diagonal are not computed.
 */
final class AttentionKernel implements Launch {
    private final AttentionShape shape;
    private final AttentionLayout layout;
    private final long[] addresses;
    private final Workers workers;
    private final int parts;

    AttentionKernel(AttentionShape shape, long[] addresses, Workers workers) {
        this.shape = shape;
        this.layout = new AttentionLayout(shape);
        this.addresses = addresses;
        this.workers = workers;
        int heads = Math.max(1, shape.batch() * shape.heads());
        parts = Math.clamp(4L * workers.threads() / heads, 1, Math.max(1, layout.blocks()));
    }

    @Override
    public void run() {
        workers.parallel(shape.batch() * shape.heads() * parts, (task, worker) -> {
            int head = task / parts;
            new Head(head / shape.heads(), head % shape.heads(), worker).attend(task % parts);
        });
    }

    /** One head of one sequence. */
    private final class Head {
        final int batch;
        final int head;
        final int length;
        final long edge;
        final long scores;
        final long packedA;
        final long packedKeys;
        final long packedValues;

        Head(int batch, int head, int worker) {
            this.batch = batch;
            this.head = head;
            length = layout.length(addresses[3], batch);
            long panelBytes = layout.keyPanelBytes();
            edge = workers.scratch(
                    worker, PanelMatmul.TILE_BYTES + layout.scoreBytes() + layout.packedABytes() + 2 * panelBytes);
            scores = edge + PanelMatmul.TILE_BYTES;
            packedA = scores + layout.scoreBytes();
            packedKeys = packedA + layout.packedABytes();
            packedValues = packedKeys + panelBytes;
        }

        void attend(int part) {
            int size = shape.headSize();
            if (length == 0) {
                if (part == 0) {
                    ScoreRows.clear(output(0), shape.queries(), size, layout.queryRow());
                }
                return;
            }
            long offset = layout.key(batch, head / layout.group());
            PackedB keys = PackedB.of(true, addresses[1] + offset, layout.keyRow(), size, length, packedKeys);
            PackedB values = PackedB.of(false, addresses[2] + offset, layout.keyRow(), length, size, packedValues);
            for (int block = part; block < layout.blocks(); block += parts) {
                int row = block * AttentionLayout.BLOCK;
                block(keys, values, row, row + Math.min(AttentionLayout.BLOCK, shape.queries() - row));
            }
        }

        private void block(PackedB keys, PackedB values, int from, int to) {
            int size = shape.headSize();
            int rows = to - from;
            int seen = layout.keysSeen(length, to);
            int width = PackedB.padded(seen);
            long scoreRow = 4L * layout.scoreColumns();
            PackedA queries = PackedA.of(
                    false, addresses[0] + layout.query(batch, head, from), layout.queryRow(), rows, size, packedA);
            for (int panel = 0; panel * MicroKernel.COLUMNS < seen; panel++) {
                long c = scores + 4L * panel * MicroKernel.COLUMNS;
                PanelMatmul.multiply(
                        queries, rows, MicroKernel.COLUMNS, size, keys.panelAt(panel), c, scoreRow, 0, 0, edge);
            }
            float[] sums = new float[rows];
            for (int r = 0; r < rows; r++) {
                int visible = layout.keysSeen(length, from + r + 1);
                sums[r] = ScoreRows.exponentials(scores + r * scoreRow, visible, width, shape.scale());
            }
            PackedA weights = PackedA.cached(false, scores, scoreRow, rows, seen, packedA);
            for (int column = 0; column < size; column += MicroKernel.COLUMNS) {
                long b = values.panelAt(column / MicroKernel.COLUMNS);
                int columns = Math.min(MicroKernel.COLUMNS, size - column);
                long c = output(from) + 4L * column;
                PanelMatmul.multiply(weights, rows, columns, seen, b, c, layout.queryRow(), 0, 0, edge);
            }
            for (int r = 0; r < rows; r++) {
                ScoreRows.scale(output(from + r), size, 1 / sums[r]);
            }
        }

        private long output(int row) {
            return addresses[4] + layout.query(batch, head, row);
        }
    }
}
