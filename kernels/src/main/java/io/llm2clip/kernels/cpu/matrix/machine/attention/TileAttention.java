package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * Attention by tiles of bf16. Blocks of queries have as many rows as panels of keys have columns, so only the last panel that a block reads
 * has keys that some of its queries do not see.
 */
final class TileAttention implements BlockAttention {
    private final AttentionShape shape;
    private final TileShape tiles;
    private final TilePrograms.OfHead programs;
    private final FloatAttention floats;

    TileAttention(AttentionShape shape, TilePrograms programs) {
        this.shape = shape;
        tiles = new TileShape(shape.headSize());
        this.programs = programs.of(tiles);
        floats = new FloatAttention(shape, programs.floats());
    }

    @Override
    public int queries() {
        return TileShape.PANEL;
    }

    @Override
    public long scratchBytes(int longest) {
        return Math.max(tiles.bytes(longest), floats.scratchBytes(longest));
    }

    /** A causal head with values that are not finite is left to f32: in a tile, the weight 0 of what is not seen makes NaN of them. */
    @Override
    public Attending begin(KeyValueHead head, long call, int blocks) {
        HeadCall.setConstants(call, shape.scale());
        long keys = call + tiles.keys();
        int panels = Math.ceilDiv(head.sequence().keys(), TileShape.PANEL);
        long values = keys + (long) panels * tiles.panel();
        loadKeys(head, call, keys);
        loadValues(head, call, values);
        if (shape.causal() && !HeadCall.finiteValues(call)) {
            return floats.begin(head, call, blocks);
        }
        return (number, from, rows) -> {
            load(call, head.query(number, from), head.layout().queryRow(), rows);
            programs.queries().call(call);
            attend(head, call, from, rows, keys, values);
            load(call, head.output(number, from), head.layout().queryRow(), rows);
            programs.outputs().call(call);
        };
    }

    private void loadKeys(KeyValueHead head, long call, long to) {
        load(call, head.keys(), head.layout().keyRow(), head.sequence().keys());
        HeadCall.set(call, HeadCall.TO, to);
        HeadCall.set(call, HeadCall.SIXTEENS, Math.ceilDiv(head.sequence().keys(), TileShape.LANES));
        programs.keys().call(call);
    }

    /** Values that do not exist are 0, as are their weights. */
    private void loadValues(KeyValueHead head, long call, long to) {
        int count = head.sequence().keys();
        int whole = count / TileShape.PANEL;
        int rest = count % TileShape.PANEL;
        if (rest > 0) {
            Memory.ALL.asSlice(to + (long) whole * tiles.panel(), tiles.panel()).fill((byte) 0);
        }
        load(call, head.values(), head.layout().keyRow(), count);
        HeadCall.set(call, HeadCall.TO, to);
        HeadCall.set(call, HeadCall.WHOLE, whole);
        HeadCall.set(call, HeadCall.PAIRS, rest / 2);
        HeadCall.set(call, HeadCall.ODD, rest % 2);
        programs.values().call(call);
    }

    private static void load(long call, long matrix, long row, int rows) {
        HeadCall.set(call, HeadCall.MATRIX, matrix);
        HeadCall.set(call, HeadCall.MATRIX_ROW, row);
        HeadCall.set(call, HeadCall.ROWS, rows);
    }

    private void attend(KeyValueHead head, long call, int from, int rows, long keys, long values) {
        int seen = head.keysSeen(from + rows);
        int panels = Math.ceilDiv(seen, TileShape.PANEL);
        int before = (panels - 1) * TileShape.PANEL;
        for (int row = 0; row < rows; row++) {
            HeadCall.setSeen(call, row, head.keysSeen(from + row + 1) - before);
        }
        boolean masked = head.keysSeen(from + 1) - before < TileShape.PANEL;
        for (int panel = 0; panel < panels; panel += TileShape.CHUNK) {
            int some = Math.min(TileShape.CHUNK, panels - panel);
            HeadCall.set(call, HeadCall.KEYS, keys + (long) panel * tiles.panel());
            HeadCall.set(call, HeadCall.VALUES, values + (long) panel * tiles.panel());
            HeadCall.set(call, HeadCall.PANELS, some);
            HeadCall.set(call, HeadCall.CONTINUED, panel);
            HeadCall.set(call, HeadCall.MASKED, masked && panel + some == panels ? 1 : 0);
            (rows > TileShape.LANES ? programs.both() : programs.upper()).call(call);
        }
    }
}
