package io.llm2clip.kernels.cpu.matrix.machine.attention;

/**
 * What programs for tiles have in scratch memory, behind their {@link HeadCall}; tiles are 16 rows of 64 bytes.
 *
 * @param headSize channels of a head
 */
record TileShape(int headSize) {
    /** Rows of a tile. */
    static final int LANES = 16;
    /** Bytes of a tile's row. */
    static final int ROW = 64;

    static final int TILE = LANES * ROW;
    /** Queries of a block, keys of a panel, channels of a step: two tiles. */
    static final int PANEL = 2 * LANES;
    /** Most panels of keys whose scores are computed before their softmax: scores and weights stay in the L2 cache. */
    static final int CHUNK = 32;
    /** Bytes of the f32 of a panel. */
    static final int FLOATS = PANEL * Float.BYTES;
    /** From the scores of one panel to the next, {@code [32 queries][32 keys]}: not a multiple of 4 KiB, as rows go across panels. */
    static final int SCORES = PANEL * FLOATS + ROW;
    /** From the weights of one panel to the next, {@code [32 queries][32 keys]} of bf16, likewise. */
    static final int WEIGHTS = 2 * TILE + ROW;

    /** f32, one per query of a block, from its statistics on: the greatest score so far. */
    static final int GREATEST = 0;
    /** The sum of the weights so far. */
    static final int SUMS = GREATEST + FLOATS;
    /** What is added to scaled scores. */
    static final int SHIFTS = SUMS + FLOATS;
    /** What earlier sums are multiplied by. */
    static final int CORRECTIONS = SHIFTS + FLOATS;
    /** The sum of the weights of this chunk. */
    static final int CHUNK_SUMS = CORRECTIONS + FLOATS;

    private static final int STATISTICS = CHUNK_SUMS + FLOATS;

    /** The queries, {@code [step][32 queries][32 channels]} of bf16. */
    static final int QUERIES = HeadCall.BYTES + 2 * STATISTICS;

    /** Steps of 32 channels. */
    int steps() {
        return Math.ceilDiv(headSize, PANEL);
    }

    /**
     * Bytes of 32 keys, {@code [2][step][16 pairs of channels][16 keys][2]}, or of 32 values,
     * {@code [step][2][16 pairs of keys][16 channels][2]}.
     */
    int panel() {
        return steps() * 2 * TILE;
    }

    /** Offset of the statistics of a block; those of the next one are elsewhere. */
    static int statistics(int block) {
        return HeadCall.BYTES + block % 2 * STATISTICS;
    }

    /** Offset of the scores of a chunk, while the weights of the one before are computed from others. */
    int scores(int chunk) {
        return QUERIES + steps() * 2 * TILE + chunk % 2 * CHUNK * SCORES;
    }

    /** Offset of the weights of a chunk, while values are summed by those of the one before. */
    int weights(int chunk) {
        return scores(0) + 2 * CHUNK * SCORES + chunk % 2 * CHUNK * WEIGHTS;
    }

    /** Offset of the results so far, f32 rows of whole steps. */
    int outputs() {
        return weights(0) + 2 * CHUNK * WEIGHTS;
    }

    /** Bytes from one row of results to the next. */
    int outputRow() {
        return steps() * FLOATS + ROW;
    }

    /** Offset of the first panel of keys; those of values follow. */
    int keys() {
        return outputs() + PANEL * outputRow();
    }

    /** Offset of the rows of keys or values that come from panels, {@code [step][key][32 channels]}. */
    long staged(int keys) {
        return keys() + 2L * Math.ceilDiv(keys, PANEL) * panel();
    }

    long bytes(int keys) {
        return staged(keys) + (long) steps() * keys * ROW;
    }
}
