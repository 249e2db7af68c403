package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.ElementFormat;
import io.llm2clip.kernels.operations.Expression;

/**
 * Elementwise over tiles of the innermost dimension and one other, the <em>row</em> dimension. An input whose innermost step
 * is 1 or 0 is read in place, row by row; any other is first copied tile by tile into scratch, along its own memory order, so
 * that a transposed input is read by whole cache lines. So is one of another type than f32, and so is a result on its way out.
 */
final class TiledElementwise {
    private static final int TILE_ROWS = 16;
    private static final int TILE_COLUMNS = 256;
    private static final long TILE_ROW_BYTES = (long) TILE_COLUMNS * Float.BYTES;
    /** Elements of a tile without copies. */
    private static final int LARGE_TILE = 16_384;

    private final StridedLayout layout;
    private final ExpressionEvaluator evaluator;
    private final ElementwiseKernel.Operands operands;
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
    TiledElementwise(StridedLayout layout, Expression expression, ElementwiseKernel.Operands operands) {
        this.layout = layout;
        this.operands = operands;
        inputs = operands.inputs().length;
        boolean[] scalar = new boolean[inputs];
        copied = new boolean[inputs];
        int inner = layout.dimensions() - 1;
        int row = inner - 1;
        boolean any = operands.convertsResult();
        for (int i = 0; i < inputs; i++) {
            scalar[i] = layout.innerStride(i) == 0;
            boolean strided = layout.innerStride(i) != 0 && layout.innerStride(i) != 1;
            copied[i] = strided || !operands.isWord(i);
            any |= copied[i];
            for (int d = 0; strided && d < inner; d++) {
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
                copy(tile, i, rows, columns);
            }
        }
        for (int row = 0; row < rows; row++) {
            long out = tile.out + row * outRowStride * operands.result().bytes();
            long lanes = operands.convertsResult() ? tile.slot(inputs) : out;
            evaluator.evaluate(columns, tile.at, lanes, worker);
            if (operands.convertsResult()) {
                operands.result().store(lanes, columns, out);
            }
            for (int i = 0; i < inputs; i++) {
                tile.at[i] += tile.rowStep[i];
            }
        }
    }

    /** Brings the lanes of an input into its slot of scratch; what is the same for all rows or columns, once. */
    private void copy(Tile tile, int input, int rows, int columns) {
        ElementFormat format = operands.formats()[input];
        long rowStride = layout.strides()[input][rowDimension] * format.bytes();
        long columnStride = layout.innerStride(input) * format.bytes();
        int copiedRows = rowStride == 0 ? 1 : rows;
        int copiedColumns = columnStride == 0 ? 1 : columns;
        long source = tile.at[input];
        long target = tile.slot(input);
        if (columnStride == format.bytes()) {
            for (int row = 0; row < copiedRows; row++) {
                format.load(source + row * rowStride, columns, target + row * TILE_ROW_BYTES);
            }
        } else if (rowStride < columnStride) {
            for (int column = 0; column < copiedColumns; column++) {
                long lanes = target + (long) column * Float.BYTES;
                format.gather(source + column * columnStride, rowStride, copiedRows, lanes, TILE_ROW_BYTES);
            }
        } else {
            for (int row = 0; row < copiedRows; row++) {
                long lanes = target + row * TILE_ROW_BYTES;
                format.gather(source + row * rowStride, columnStride, copiedColumns, lanes, Float.BYTES);
            }
        }
        tile.at[input] = target;
    }

    private final class Tile {
        /** A slot per input, and a row for the result. */
        final Scratch scratch = new Scratch(anyCopied ? (inputs * TILE_ROWS + 1L) * TILE_ROW_BYTES : 0);

        /** Where each input's current row starts. */
        final long[] at = new long[inputs];

        /** Bytes from one row of the tile to the next. */
        final long[] rowStep = new long[inputs];

        long out;

        Tile() {
            for (int i = 0; i < inputs; i++) {
                long rowStride = layout.strides()[i][rowDimension];
                rowStep[i] = copied[i] && rowStride != 0 ? TILE_ROW_BYTES : rowStride * Float.BYTES;
            }
        }

        long slot(int operand) {
            return scratch.address() + operand * TILE_ROWS * TILE_ROW_BYTES;
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
                at[i] = operands.inputs()[i] + at[i] * operands.formats()[i].bytes();
            }
            out = operands.out() + out * operands.result().bytes();
        }
    }
}
