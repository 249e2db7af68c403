package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.llm2clip.kernels.cpu.runtime.Memory;

/** The argument of a {@link BlockProgram}: where each field is in its memory, and how it gets there. */
final class BlockCall {
    /** The first query of the block, and the bytes from one to the next. */
    static final int QUERIES = 0;

    static final int QUERY_ROW = 8;
    /** The first row of the output, and the bytes from one to the next. */
    static final int OUT = 16;

    static final int OUT_ROW = 24;
    /** The first key, and the first value, of the head. */
    static final int KEYS = 32;

    static final int VALUES = 40;
    static final int SCRATCH = 48;
    static final int CHUNKS = 56;
    /** Queries of each vector. */
    static final int ROWS = 64;

    /** f32: the factor of the queries, the scale and log2(e) in one, as weights are powers of two. */
    static final int FACTOR = 88;

    static final int MINUS_INFINITY = 92;
    static final int LEAST = 96;
    /** Coefficients of the polynomial, that of the highest power first; the last is 1. */
    static final int COEFFICIENTS = 100;

    /** How many pieces of the result go to panels, each of queries of one vector and rows of one panel, and where their descriptions are. */
    static final int PIECES = 128;

    static final int PIECE_TABLE = 136;
    /** For each key behind the first query's the lanes of the queries that see it, a bit each. */
    private static final int SEEN = 144;

    /** Descriptions of the chunks. */
    static final int CHUNK_TABLE = SEEN + BlockShape.QUERIES * Long.BYTES;

    /** Of a piece: a bit for each of its lanes, and the offset of the vector. */
    static final int LANES = 0;

    static final int VECTOR = 8;
    /** Where the vector's first lane would be in the panel, and the bytes from one channel to the next. */
    static final int PANEL = 16;

    static final int PANEL_CHANNEL = 24;
    /** Bytes of a description, and of all that a block can have. */
    static final int PIECE_BYTES = 32;

    static final int PIECE_TABLE_BYTES = BlockShape.QUERIES * PIECE_BYTES;

    /** Of a chunk: its keys, all of them, and as tiles of 8, of 4 and of 1. */
    static final int COUNT = 0;

    static final int EIGHTS = 8;
    static final int FOURS = 16;
    static final int ONES = 24;
    /** Keys that all queries see, as fours and the rest, and those behind them that some do not. */
    static final int SEEN_FOURS = 32;

    static final int SEEN_ONES = 40;
    static final int MASKED = 48;
    /** The address of the first masked key's lanes, and the offset of its scores in scratch memory. */
    static final int MASKS = 56;

    static final int MASKED_SCORES = 64;
    /** Bytes of a description. */
    static final int CHUNK_BYTES = 72;

    /** Of 2^x from -1/2 to 1/2, with a relative error of 2e-9 before rounding. */
    static final float[] POLYNOMIAL = {
        0x1.41fbbcp-13f, 0x1.5f3e54p-10f, 0x1.3b2d4cp-7f, 0x1.c6aee8p-5f, 0x1.ebfbdcp-3f, 0x1.62e430p-1f, 1
    };

    private static final float LOG2_E = 1.44269504f;

    private BlockCall() {}

    /** Bytes of a call with chunks for so many keys, the last of which are those for pieces, a multiple of 64. */
    static long bytes(int keys) {
        long bytes = CHUNK_TABLE + (long) Math.ceilDiv(keys, BlockShape.CHUNK) * CHUNK_BYTES;
        return Math.ceilDiv(bytes, BlockShape.VECTOR) * BlockShape.VECTOR + PIECE_TABLE_BYTES;
    }

    static void set(long call, int field, long value) {
        ALL.set(JAVA_LONG, call + field, value);
    }

    /**
     * Describes another piece.
     *
     * @param lane the first query
     * @param queries how many, of its vector
     * @param to where the first channel of the first one goes
     * @param channel bytes from there to the next channel
     */
    static void addPiece(long call, int lane, int queries, long to, long channel) {
        long pieces = ALL.get(JAVA_LONG, call + PIECES);
        long piece = ALL.get(JAVA_LONG, call + PIECE_TABLE) + pieces * PIECE_BYTES;
        int ofVector = lane % BlockShape.LANES;
        set(piece, LANES, (1L << queries) - 1 << ofVector);
        set(piece, VECTOR, (long) lane / BlockShape.LANES * BlockShape.VECTOR);
        set(piece, PANEL, to - (long) ofVector * Float.BYTES);
        set(piece, PANEL_CHANNEL, channel);
        set(call, PIECES, pieces + 1);
    }

    /** Sets what is the same for all blocks. */
    static void setConstants(long call, float scale) {
        Memory.putFloat(call + FACTOR, (float) (scale * (double) LOG2_E));
        Memory.putFloat(call + MINUS_INFINITY, Float.NEGATIVE_INFINITY);
        Memory.putFloat(call + LEAST, -Float.MAX_VALUE);
        for (int i = 0; i < POLYNOMIAL.length; i++) {
            Memory.putFloat(call + COEFFICIENTS + (long) i * Float.BYTES, POLYNOMIAL[i]);
        }
        for (int behind = 0; behind < BlockShape.QUERIES; behind++) {
            set(call + SEEN, behind * Long.BYTES, -1L << behind);
        }
    }

    /**
     * Describes the chunks.
     *
     * @param keys how many there are, at least 1
     * @param all how many of them all queries see; each query after the first sees one more
     */
    static void setChunks(long call, BlockShape shape, int keys, int all) {
        set(call, CHUNKS, Math.ceilDiv(keys, BlockShape.CHUNK));
        long chunk = call + CHUNK_TABLE;
        for (int from = 0; from < keys; from += BlockShape.CHUNK, chunk += CHUNK_BYTES) {
            setChunk(call, chunk, shape, from, Math.min(BlockShape.CHUNK, keys - from), all);
        }
    }

    /**
     * Describes keys as one chunk.
     *
     * @param from the first
     * @param count how many
     * @param all as for {@link #setChunks}
     */
    static void setChunk(long call, long chunk, BlockShape shape, int from, int count, int all) {
        int seen = Math.clamp(all - from, 0, count);
        set(chunk, COUNT, count);
        set(chunk, EIGHTS, count / 8);
        set(chunk, FOURS, count % 8 / 4);
        set(chunk, ONES, count % 4);
        set(chunk, SEEN_FOURS, seen / 4);
        set(chunk, SEEN_ONES, seen % 4);
        set(chunk, MASKED, count - seen);
        set(chunk, MASKS, call + SEEN + (from + seen - all + 1L) * Long.BYTES);
        set(chunk, MASKED_SCORES, shape.scores() + (long) seen * shape.row());
    }
}
