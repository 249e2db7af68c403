package io.llm2clip.kernels.cpu.matrix.machine.attention;

import org.jspecify.annotations.Nullable;

/**
 * Blocks of queries of a head on their way through a {@link ChunkProgram}: of a chunk of keys the scores, then the weights, then the values
 * by these, while the chunks behind it are a step back.
 */
final class TilePipeline implements BlockAttention.Attending {

    /**
     * A block of queries, and a chunk of the keys that they see.
     *
     * @param number of the chunk, of all of the head
     * @param block of the block
     * @param head its query head
     * @param from its first query
     * @param panel the first panel of the chunk
     * @param panels how many it has
     * @param last whether it is the block's last one
     */
    private record Chunk(int number, int block, int head, int from, int rows, int panel, int panels, boolean last) {}

    private final TileShape tiles;
    private final TilePrograms.OfHead programs;
    private final TileBlocks blocksOfHead;
    private final KeyValueHead head;
    private final long call;
    private final long keys;
    private final long values;
    /** Whether blocks have more than 16 queries. */
    private final boolean both;

    private int blocks;
    private int chunks;
    /** What has scores. */
    private @Nullable Chunk scored;
    /** What has weights. */
    private @Nullable Chunk weighted;

    /**
     * Of a head.
     *
     * @param keys its panels of keys
     * @param values its panels of values
     * @param both whether blocks have more than 16 queries
     */
    TilePipeline(
            TileShape tiles,
            TilePrograms.OfHead programs,
            TileBlocks blocksOfHead,
            KeyValueHead head,
            long call,
            long keys,
            long values,
            boolean both) {
        this.tiles = tiles;
        this.programs = programs;
        this.blocksOfHead = blocksOfHead;
        this.head = head;
        this.call = call;
        this.keys = keys;
        this.values = values;
        this.both = both;
    }

    @Override
    public void attend(int number, int from, int rows) {
        blocksOfHead.load(number, from, rows);
        int panels = Math.ceilDiv(head.keysSeen(from + rows), TileShape.PANEL);
        for (int panel = 0; panel < panels; panel += TileShape.CHUNK) {
            int some = Math.min(TileShape.CHUNK, panels - panel);
            advance(new Chunk(chunks++, blocks, number, from, rows, panel, some, panel + some == panels));
        }
        blocks++;
    }

    @Override
    public void finish() {
        while (scored != null || weighted != null) {
            advance(null);
        }
    }

    private void advance(@Nullable Chunk next) {
        setScores(next);
        setWeights(scored);
        setValues(weighted);
        (both ? programs.both() : programs.upper()).call(call);
        if (weighted != null && weighted.last) {
            long statistics = call + TileShape.statistics(weighted.block);
            blocksOfHead.store(weighted.head, weighted.from, weighted.rows, statistics);
        }
        weighted = scored;
        scored = next;
    }

    private void setScores(@Nullable Chunk chunk) {
        HeadCall.set(call, HeadCall.KEY_PANELS, chunk == null ? 0 : chunk.panels);
        if (chunk != null) {
            HeadCall.set(call, HeadCall.KEYS, keys + (long) chunk.panel * tiles.panel());
            HeadCall.set(call, HeadCall.SCORES_TO, call + tiles.scores(chunk.number));
        }
    }

    private void setWeights(@Nullable Chunk chunk) {
        HeadCall.set(call, HeadCall.QUERIES, chunk == null ? 0 : chunk.rows);
        HeadCall.set(call, HeadCall.CONTINUED, chunk == null ? 0 : chunk.panel);
        HeadCall.set(call, HeadCall.STATISTICS, call + TileShape.statistics(chunk == null ? blocks : chunk.block));
        HeadCall.set(call, HeadCall.MASKED, 0);
        if (chunk == null) {
            return;
        }
        long scores = call + tiles.scores(chunk.number);
        HeadCall.set(call, HeadCall.SCORES, scores);
        HeadCall.set(call, HeadCall.WEIGHTS_TO, call + tiles.weights(chunk.number));
        HeadCall.set(call, HeadCall.SCORE_PANELS, chunk.panels);
        int before = (chunk.panel + chunk.panels - 1) * TileShape.PANEL;
        if (chunk.last && head.keysSeen(chunk.from + 1) - before < TileShape.PANEL) {
            for (int row = 0; row < chunk.rows; row++) {
                HeadCall.setSeen(call, row, head.keysSeen(chunk.from + row + 1) - before);
            }
            HeadCall.set(call, HeadCall.MASKED, scores + (chunk.panels - 1L) * TileShape.SCORES);
        }
    }

    private void setValues(@Nullable Chunk chunk) {
        HeadCall.set(call, HeadCall.VALUE_PANELS, chunk == null ? 0 : chunk.panels);
        if (chunk != null) {
            HeadCall.set(call, HeadCall.WEIGHTS, call + tiles.weights(chunk.number));
            HeadCall.set(call, HeadCall.VALUES, values + (long) chunk.panel * tiles.panel());
            HeadCall.set(call, HeadCall.ADDED, chunk.panel);
        }
    }
}
