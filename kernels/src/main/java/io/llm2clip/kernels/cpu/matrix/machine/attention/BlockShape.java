package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.VectorWidth;

/**
 * A block of queries, one per lane, and where a program has what it computes of them in scratch memory: rows of all lanes, one per channel
 * of the head or per key.
 *
 * @param width of the vectors
 * @param headSize channels of a head
 * @param vectors of queries
 * @param keyRow bytes from one key, or value, to the next
 */
record BlockShape(VectorWidth width, int headSize, int vectors, int keyRow) {
    /** Most vectors of a block: with a tile's keys or channels their sums fill three quarters of the registers. */
    static final int MOST_VECTORS = 3;
    /** Keys whose scores are computed at a time: these scores and the keys' values stay in the L1 cache. */
    static final int CHUNK = 64;

    /** Queries of a whole block. */
    static int most(VectorWidth width) {
        return MOST_VECTORS * width.count();
    }

    Lanes lanes(Assembler a) {
        return width.lanes(a);
    }

    /** Bytes of a vector. */
    int vector() {
        return width.bytes();
    }

    /** Keys, or channels, whose sums are in registers at a time. */
    int tile() {
        return width == VectorWidth.AVX2 && vectors > 1 ? 4 : 8;
    }

    /** Bytes of all lanes. */
    int row() {
        return vectors * vector();
    }

    /** Offset of the greatest score of each query so far. */
    int greatest() {
        return 0;
    }

    /** Offset of the sums of the weights so far. */
    int sums() {
        return row();
    }

    /** Offset of what outputs so far are to be multiplied by, where registers do not keep it. */
    int corrections() {
        return 2 * row();
    }

    /** Offset of the scaled queries, a row per channel. */
    int queries() {
        return 3 * row();
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
