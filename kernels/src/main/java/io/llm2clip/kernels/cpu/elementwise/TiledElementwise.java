package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Expression;

/**
 * Elementwise over tiles of the innermost dimension and one other, the <em>row</em> dimension. An input whose innermost step
 * is 1 or 0 is read in place, row by row; any other is first copied tile by tile into scratch, along its own memory order, so
 * that a transposed input is read by whole cache lines.
 */
final class TiledElementwise {
    private static final int TILE_ROWS = 16;
    private static final int TILE_COLUMNS = 256;
    /** Elements of a tile without copies. */
    private static final int LARGE_TILE = 16_384;

    private final StridedLayout layout;
    private final ExpressionEvaluator evaluator;
    private final long[] addresses;
    private final int inputs;
    private final boolean[] copied;
    private final boolean anyCopied;
    private final int rowDimension;
    private final long outRowStride;
    private final int tileRows;
    private final int tileColumns;
    private final int rowTiles;
    private final int columnTiles;
    private final PerWorker<Tile> tiles = new PerWorker<>(Tile::new);

    /** The layout has at least two dimensions. */
    TiledElementwise(StridedLayout layout, Expression expression, long[] addresses) {
        this.layout = layout;
        this.addresses = addresses.clone();
        inputs = addresses.length - 1;
        boolean[] scalar = new boolean[inputs];
        copied = new boolean[inputs];
        int inner = layout.dimensions() - 1;
        int row = inner - 1;
        boolean any = false;
        for (int i = 0; i < inputs; i++) {
            scalar[i] = layout.innerStride(i) == 0;
            copied[i] = layout.innerStride(i) != 0 && layout.innerStride(i) != 1;
            any |= copied[i];
            for (int d = 0; copied[i] && d < inner; d++) {
                row = layout.strides()[i][d] == 1 ? d : row;
            }
        }
        anyCopied = any;
        evaluator = new ExpressionEvaluator(expression, scalar);
        rowDimension = row;
        long below = 1;
        for (int d = row + 1; d <= inner; d++) {
            below *= layout.shape()[d];
        }
        outRowStride = below;
        int rows = layout.shape()[row];
        int columns = layout.inner();
        tileColumns = Math.min(columns, any ? TILE_COLUMNS : LARGE_TILE);
        tileRows = Math.min(rows, any ? TILE_ROWS : Math.max(1, LARGE_TILE / tileColumns));
        rowTiles = Math.ceilDiv(rows, tileRows);
        columnTiles = Math.ceilDiv(columns, tileColumns);
    }

    Launch launch(Workers workers, int cost) {
        long planes = layout.elements() / layout.inner() / layout.shape()[rowDimension];
        long tileCost = (long) tileRows * tileColumns * (anyCopied ? cost + 2 : cost);
        return Ranges.launch(workers, planes * rowTiles * columnTiles, tileCost, this::run);
    }

    private void run(long from, long to, int worker) {
        Tile tile = tiles.get(worker);
        for (long t = from; t < to; t++) {
            int column = (int) (t % columnTiles) * tileColumns;
            int row = (int) (t / columnTiles % rowTiles) * tileRows;
            tile.place(t / columnTiles / rowTiles, row, column);
            evaluate(
                    tile,
                    Math.min(tileRows, layout.shape()[rowDimension] - row),
                    Math.min(tileColumns, layout.inner() - column),
                    worker);
        }
        tile.scratch.keepAlive();
    }

    private void evaluate(Tile tile, int rows, int columns, int worker) {
        for (int i = 0; i < inputs; i++) {
            if (copied[i]) {
                long target = tile.scratch.address() + (long) i * TILE_ROWS * TILE_COLUMNS * Float.BYTES;
                long rowStride = layout.strides()[i][rowDimension];
                copy(tile.at[i], rowStride, layout.innerStride(i), rowStride == 0 ? 1 : rows, columns, target);
                tile.at[i] = target;
            }
        }
        for (int row = 0; row < rows; row++) {
            evaluator.evaluate(columns, tile.at, tile.out + row * outRowStride * Float.BYTES, worker);
            for (int i = 0; i < inputs; i++) {
                tile.at[i] += tile.rowStep[i];
            }
        }
    }

    private static void copy(long source, long rowStride, long columnStride, int rows, int columns, long target) {
        boolean rowsInnermost = rowStride < columnStride;
        int inner = rowsInnermost ? rows : columns;
        int outer = rowsInnermost ? columns : rows;
        long sourceInner = (rowsInnermost ? rowStride : columnStride) * Float.BYTES;
        long sourceOuter = (rowsInnermost ? columnStride : rowStride) * Float.BYTES;
        long targetInner = rowsInnermost ? TILE_COLUMNS * Float.BYTES : Float.BYTES;
        long targetOuter = rowsInnermost ? Float.BYTES : TILE_COLUMNS * Float.BYTES;
        for (int o = 0; o < outer; o++) {
            long from = source + o * sourceOuter;
            long to = target + o * targetOuter;
            for (int i = 0; i < inner; i++, from += sourceInner, to += targetInner) {
                Memory.putFloat(to, Memory.getFloat(from));
            }
        }
    }

    private final class Tile {
        final Scratch scratch = new Scratch(anyCopied ? (long) inputs * TILE_ROWS * TILE_COLUMNS * Float.BYTES : 0);
        /** Where each input's current row starts. */
        final long[] at = new long[inputs];

        /** Bytes from one row of the tile to the next. */
        final long[] rowStep = new long[inputs];

        long out;

        Tile() {
            for (int i = 0; i < inputs; i++) {
                long rowStride = layout.strides()[i][rowDimension];
                rowStep[i] = (copied[i] && rowStride != 0 ? TILE_COLUMNS : rowStride) * Float.BYTES;
            }
        }

        /** Sets the addresses of a tile's first element. {@code plane} counts through the remaining dimensions. */
        void place(long plane, int row, int column) {
            int inner = layout.dimensions() - 1;
            for (int i = 0; i < inputs; i++) {
                long[] strides = layout.strides()[i];
                at[i] = row * strides[rowDimension] + column * strides[inner];
            }
            out = row * outRowStride + column;
            long rest = plane;
            long outStride = layout.inner();
            for (int d = inner - 1; d >= 0; d--) {
                if (d != rowDimension) {
                    long position = rest % layout.shape()[d];
                    rest /= layout.shape()[d];
                    for (int i = 0; i < inputs; i++) {
                        at[i] += position * layout.strides()[i][d];
                    }
                    out += position * outStride;
                }
                outStride *= layout.shape()[d];
            }
            for (int i = 0; i < inputs; i++) {
                at[i] = addresses[i] + at[i] * Float.BYTES;
            }
            out = addresses[inputs] + out * Float.BYTES;
        }
    }
}
