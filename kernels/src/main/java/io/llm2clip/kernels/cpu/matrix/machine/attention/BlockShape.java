package io.llm2clip.kernels.cpu.matrix.machine.attention;

/**
 * A block of queries, one per lane, and where a program has what it computes of them in scratch memory: rows of all lanes, one per channel
 * of the head or per key.
 *
 * @param headSize channels of a head
 * @param vectors of 16 queries
 * @param keyRow bytes from one key, or value, to the next
 */
record BlockShape(int headSize, int vectors, int keyRow) {
    static final int LANES = 16;
    /** Bytes of a vector. */
    static final int VECTOR = 64;
    /** Most vectors of a block: with 8 keys or channels their sums fill 24 of the 32 registers. */
    static final int MOST_VECTORS = 3;
    /** Queries of a whole block. */
    static final int QUERIES = MOST_VECTORS * LANES;
    /** Keys whose scores are computed at a time: these scores and the keys' values stay in the L1 cache. */
    static final int CHUNK = 64;

    /** Bytes of all lanes. */
    int row() {
        return vectors * VECTOR;
    }

    /** Offset of the greatest score of each query so far. */
    int greatest() {
        return 0;
    }

    /** Offset of the sums of the weights so far. */
    int sums() {
        return row();
    }

    /** Offset of the scaled queries, a row per channel. */
    int queries() {
        return 2 * row();
    }

    /** Offset of the outputs so far, a row per channel. */
    int outputs() {
        return queries() + headSize * row();
    }

    /** Offset of the scores of a chunk, a row per key, and then of its weights. */
    int scores() {
        return outputs() + headSize * row();
    }

    int bytes() {
        return scores() + CHUNK * row();
    }
}
