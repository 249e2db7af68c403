package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Gradients of {@link AttentionKernel}, a key/value head at a time: all query heads of its group and all their blocks add
 * to its gradients, in one order, so that the sums do not depend on the number of threads. Scores are recomputed.
 */
final class AttentionGradientKernel implements Launch {
    private final AttentionShape shape;
    private final AttentionLayout layout;
    private final long[] addresses;
    private final Workers workers;

    AttentionGradientKernel(AttentionShape shape, long[] addresses, Workers workers) {
        this.shape = shape;
        this.layout = new AttentionLayout(shape);
        this.addresses = addresses;
        this.workers = workers;
    }

    @Override
    public void run() {
        workers.parallel(
                shape.batch() * shape.keyValueHeads(),
                (task, worker) ->
                        new Head(task / shape.keyValueHeads(), task % shape.keyValueHeads(), worker).differentiate());
    }

    /** One key/value head of one sequence. */
    private final class Head {
        final int batch;
        final int keyValueHead;
        final int size = shape.headSize();
        final int length;
        final long scoreRow = 4L * layout.scoreColumns();
        final long edge;
        final long weights;
        final long slopes;
        final long left;
        final long blockStrips;
        final long keys;
        final long values;
        final long keyGradient;
        final long valueGradient;
        final PackedB keysByKey;
        final PackedB valuesByKey;
        final PackedB keysByChannel;

        Head(int batch, int keyValueHead, int worker) {
            this.batch = batch;
            this.keyValueHead = keyValueHead;
            length = layout.length(addresses[3], batch);
            long strips = layout.keyStripBytes();
            long block = PackedB.scratchBytes(AttentionLayout.BLOCK, size);
            edge = workers.scratch(
                    worker, Strip.TILE_BYTES + 2 * layout.scoreBytes() + layout.leftBytes() + block + 3 * strips);
            weights = edge + Strip.TILE_BYTES;
            slopes = weights + layout.scoreBytes();
            left = slopes + layout.scoreBytes();
            blockStrips = left + layout.leftBytes();
            long packed = blockStrips + block;
            long offset = layout.key(batch, keyValueHead);
            keys = addresses[1] + offset;
            values = addresses[2] + offset;
            keyGradient = addresses[6] + offset;
            valueGradient = addresses[7] + offset;
            keysByKey = PackedB.of(true, keys, layout.keyRow(), size, length, packed);
            valuesByKey = PackedB.of(true, values, layout.keyRow(), size, length, packed + strips);
            keysByChannel = PackedB.of(false, keys, layout.keyRow(), length, size, packed + 2 * strips);
        }

        void differentiate() {
            ScoreRows.clear(keyGradient, shape.keys(), size, layout.keyRow());
            ScoreRows.clear(valueGradient, shape.keys(), size, layout.keyRow());
            for (int g = 0; g < layout.group(); g++) {
                int head = keyValueHead * layout.group() + g;
                if (length == 0) {
                    long queries = addresses[5] + layout.query(batch, head, 0);
                    ScoreRows.clear(queries, shape.queries(), size, layout.queryRow());
                    continue;
                }
                for (int block = 0; block < layout.blocks(); block++) {
                    int from = block * AttentionLayout.BLOCK;
                    block(head, from, Math.min(AttentionLayout.BLOCK, shape.queries() - from));
                }
            }
        }

        private void block(int head, int from, int rows) {
            long offset = layout.query(batch, head, from);
            long query = addresses[0] + offset;
            long outputGradient = addresses[4] + offset;
            int seen = layout.keysSeen(length, from + rows);
            byKey(query, keysByKey, rows, seen, weights);
            byKey(outputGradient, valuesByKey, rows, seen, slopes);
            int width = PackedB.padded(seen);
            for (int r = 0; r < rows; r++) {
                long row = weights + r * scoreRow;
                int visible = layout.keysSeen(length, from + r + 1);
                float sum = ScoreRows.exponentials(row, visible, width, shape.scale());
                ScoreRows.scale(row, width, 1 / sum);
                ScoreRows.gradient(row, slopes + r * scoreRow, width, shape.scale());
            }
            PackedA slopesLeft = PackedA.padded(slopes, scoreRow, rows, seen, left);
            byChannel(slopesLeft, rows, seen, keysByChannel, addresses[5] + offset, layout.queryRow(), false);
            // Rows are stored [query, key]; read by columns they are the transposed left operand.
            PackedB queries = PackedB.of(false, query, layout.queryRow(), rows, size, blockStrips);
            PackedA slopesByKey = PackedA.paddedTransposed(slopes, scoreRow, seen, rows, left);
            byChannel(slopesByKey, seen, rows, queries, keyGradient, layout.keyRow(), true);
            PackedB gradients = PackedB.of(false, outputGradient, layout.queryRow(), rows, size, blockStrips);
            PackedA weightsByKey = PackedA.paddedTransposed(weights, scoreRow, seen, rows, left);
            byChannel(weightsByKey, seen, rows, gradients, valueGradient, layout.keyRow(), true);
        }

        /** Products of a block's rows with all keys, into scratch. */
        private void byKey(long rowsOf, PackedB right, int rows, int seen, long to) {
            PackedA block = PackedA.of(false, rowsOf, layout.queryRow(), rows, size, left);
            int tiles = Math.ceilDiv(rows, Tile.ROWS) * Tile.ROWS;
            for (int strip = 0; strip * Tile.COLUMNS < seen; strip++) {
                long c = to + 4L * strip * Tile.COLUMNS;
                Strip.multiply(
                        block, tiles, Tile.COLUMNS, size, right.strip(strip), right.step(), c, scoreRow, 0, 0, edge);
            }
        }

        private void byChannel(PackedA a, int rows, int steps, PackedB right, long to, long toRow, boolean accumulate) {
            for (int column = 0; column < size; column += Tile.COLUMNS) {
                int columns = Math.min(Tile.COLUMNS, size - column);
                long c = to + 4L * column;
                long b = right.strip(column / Tile.COLUMNS);
                Strip.multiply(a, rows, columns, steps, b, right.step(), c, toRow, accumulate ? c : 0, toRow, edge);
            }
        }
    }
}
