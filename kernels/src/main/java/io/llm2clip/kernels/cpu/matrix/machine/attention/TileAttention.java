package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.RowPanels;
import org.jspecify.annotations.Nullable;

/**
 * Attention by tiles of bf16. Causal blocks of queries have as many rows as panels of keys have columns, so only the last panel that a block
 * reads has keys that some of its queries do not see.
 */
final class TileAttention implements BlockAttention {
    private final AttentionOp.Attention op;
    private final AttentionShape shape;
    private final @Nullable RowPanels out;
    private final TileShape tiles;
    private final TilePrograms.OfHead programs;

    /** @param out the layout of the result; null if by rows */
    TileAttention(AttentionOp.Attention op, @Nullable RowPanels out, TilePrograms programs) {
        this.op = op;
        this.out = out;
        shape = op.shape();
        tiles = new TileShape(shape.headSize());
        this.programs = programs.of(tiles);
    }

    /** As equal as can be, as each block is as much work for tiles. */
    @Override
    public int queries(int all) {
        if (shape.causal()) {
            return TileShape.PANEL;
        }
        return all == 0 ? 1 : Math.ceilDiv(all, Math.ceilDiv(all, TileShape.PANEL));
    }

    @Override
    public long scratchBytes(int longest) {
        return tiles.bytes(longest);
    }

    @Override
    public Attending begin(KeyValueHead head, long call, int blocks) {
        HeadCall.setConstants(call, shape.scale());
        long keys = call + tiles.keys();
        int panels = Math.ceilDiv(head.sequence().keys(), TileShape.PANEL);
        long values = keys + (long) panels * tiles.panel();
        loadKeys(head, call, keys);
        loadValues(head, call, 0, head.sequence().keys(), values);
        int rows = Math.min(head.sequence().queries(), queries(head.sequence().queries()));
        TileBlocks blocksOfHead = new TileBlocks(op.q(), out, tiles, programs, head, call);
        TilePipeline pipeline =
                new TilePipeline(tiles, programs, blocksOfHead, head, call, keys, values, rows > TileShape.LANES);
        boolean finite = !shape.causal() || HeadCall.finiteValues(call);
        return finite ? pipeline : new RowByRow(head, call, values, pipeline);
    }

    private void loadKeys(KeyValueHead head, long call, long to) {
        int count = head.sequence().keys();
        HeadCall.set(call, HeadCall.TO, to);
        HeadCall.set(call, HeadCall.SIXTEENS, Math.ceilDiv(count, TileShape.LANES));
        if (op.k() == null) {
            HeadCall.load(call, head.keys(), head.layout().keyRow(), count);
            programs.keys().call(call);
        } else {
            stage(op.k(), head.operands()[1], head, 0, count, call);
            programs.packedKeys().call(call);
        }
    }

    /** Copies rows of keys or values out of their panels, as the rows of one. */
    private void stage(RowPanels panels, long address, KeyValueHead head, int first, int count, long call) {
        long to = call + tiles.staged(head.sequence().keys());
        long step = (long) count * TileShape.ROW;
        long row = head.sequence().firstKey() + first;
        int size = shape.headSize();
        new PanelRows(panels, address).copy(row, count, head.number() * size, size, to, step);
        HeadCall.load(call, to, step, count);
    }

    /** Loads values from the first one of a panel on. Those of the last panel that do not exist are 0, as are their weights. */
    private void loadValues(KeyValueHead head, long call, int first, int count, long values) {
        int whole = count / TileShape.PANEL;
        int rest = count % TileShape.PANEL;
        long to = values + (long) first / TileShape.PANEL * tiles.panel();
        if (rest > 0) {
            Memory.ALL.asSlice(to + (long) whole * tiles.panel(), tiles.panel()).fill((byte) 0);
        }
        HeadCall.set(call, HeadCall.TO, to);
        HeadCall.set(call, HeadCall.WHOLE, whole);
        HeadCall.set(call, HeadCall.PAIRS, rest / 2);
        HeadCall.set(call, HeadCall.ODD, rest % 2);
        if (op.v() == null) {
            long row = head.layout().keyRow();
            HeadCall.load(call, head.values() + first * row, row, count);
            programs.values().call(call);
        } else {
            stage(op.v(), head.operands()[2], head, first, count, call);
            programs.packedValues().call(call);
        }
    }

    /**
     * A causal head with values that are not finite: in a tile, the weight 0 of what is not seen makes NaN of them. So each query has a block to
     * itself, beside which values that it does not see are 0.
     */
    private final class RowByRow implements Attending {
        private final KeyValueHead head;
        private final long call;
        private final long values;
        private final TilePipeline pipeline;

        RowByRow(KeyValueHead head, long call, long values, TilePipeline pipeline) {
            this.head = head;
            this.call = call;
            this.values = values;
            this.pipeline = pipeline;
        }

        @Override
        public void attend(int number, int from, int rows) {
            for (int row = from; row < from + rows; row++) {
                int seen = head.keysSeen(row + 1);
                int first = (seen - 1) / TileShape.PANEL * TileShape.PANEL;
                loadValues(head, call, first, seen - first, values);
                pipeline.attend(number, row, 1);
                pipeline.finish();
                int all = Math.min(TileShape.PANEL, head.sequence().keys() - first);
                loadValues(head, call, first, all, values);
            }
        }
    }
}
