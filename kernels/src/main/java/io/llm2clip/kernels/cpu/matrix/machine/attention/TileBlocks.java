package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.operations.RowPanels;
import org.jspecify.annotations.Nullable;

/**
 * How the queries of a block get into scratch memory, and its results out of it: as f32 rows or panels.
 *
 * @param queries the layout of queries; null if by rows
 * @param outputs the layout of results; null if by rows
 */
record TileBlocks(
        @Nullable RowPanels queries,
        @Nullable RowPanels outputs,
        TileShape tiles,
        TilePrograms.OfHead programs,
        KeyValueHead head,
        long call) {

    /** Loads the queries of a query head, from one on. */
    void load(int number, int from, int rows) {
        if (queries == null) {
            HeadCall.load(call, head.query(number, from), head.layout().queryRow(), rows);
            programs.queries().call(call);
            return;
        }
        int size = tiles.headSize();
        new PanelRows(queries, head.operands()[0])
                .copy(
                        head.sequence().firstQuery() + from,
                        rows,
                        number * size,
                        size,
                        call + TileShape.QUERIES,
                        2L * TileShape.TILE);
    }

    /**
     * Stores their results.
     *
     * @param statistics of the block
     */
    void store(int number, int from, int rows, long statistics) {
        if (outputs == null) {
            HeadCall.load(call, head.output(number, from), head.layout().queryRow(), rows);
            HeadCall.set(call, HeadCall.STATISTICS, statistics);
            HeadCall.set(call, HeadCall.FROM, call + tiles.outputs());
            programs.outputs().call(call);
            return;
        }
        new PanelRows(outputs, head.operands()[4])
                .forEach(
                        head.sequence().firstQuery() + from,
                        rows,
                        number * tiles.headSize(),
                        (done, some, at, step) -> {
                            HeadCall.load(call, at, step, some);
                            HeadCall.set(call, HeadCall.STATISTICS, statistics + (long) done * Float.BYTES);
                            HeadCall.set(call, HeadCall.FROM, call + tiles.outputs() + (long) done * tiles.outputRow());
                            programs.packedOutputs().call(call);
                        });
    }
}
