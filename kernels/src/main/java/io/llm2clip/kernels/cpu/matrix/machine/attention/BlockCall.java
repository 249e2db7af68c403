package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.AttentionShape;

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
    /** f32: constants of {@link PowersOfTwo256}. */
    static final int LEAST_EXPONENT = 144;

    static final int ROUNDING = 148;
    /** The mask of the channels of a head's last vector. */
    static final int REST = 152;

    private static final int SEEN = REST + VectorWidth.MASK_BYTES;

    /** Descriptions of the chunks. */
    static final int CHUNK_TABLE = SEEN + SeenLanes.BYTES;

    /** Of a piece: the mask of its lanes, and the offset of the vector. */
    static final int LANES = 0;

    static final int VECTOR = VectorWidth.MASK_BYTES;
    /** Where the vector's first lane would be in the panel, and the bytes from one channel to the next. */
    static final int PANEL = VECTOR + 8;

    static final int PANEL_CHANNEL = PANEL + 8;
    /** Bytes of a description, and of all that a block can have, a multiple of 64. */
    static final int PIECE_BYTES = 64;

    static final int PIECE_TABLE_BYTES = BlockShape.most(VectorWidth.AVX512) * PIECE_BYTES;

    /** Of a chunk: its keys, all of them, and as tiles, half tiles and the rest. */
    static final int COUNT = 0;

    static final int TILES = 8;
    static final int HALVES = 16;
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

    static final int ONE = COEFFICIENTS + (POLYNOMIAL.length - 1) * Float.BYTES;

    private static final int ALIGNMENT = 64;
    private static final float LOG2_E = 1.44269504f;

    private BlockCall() {}

    /** Bytes of a call with chunks for so many keys, the last of which are those for pieces, a multiple of 64. */
    static long bytes(int keys) {
        long bytes = CHUNK_TABLE + (long) Math.ceilDiv(keys, BlockShape.CHUNK) * CHUNK_BYTES;
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT + PIECE_TABLE_BYTES;
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
    static void addPiece(long call, BlockShape shape, int lane, int queries, long to, long channel) {
        long pieces = ALL.get(JAVA_LONG, call + PIECES);
        long piece = ALL.get(JAVA_LONG, call + PIECE_TABLE) + pieces * PIECE_BYTES;
        int lanes = shape.width().count();
        int ofVector = lane % lanes;
        shape.width().mask(piece + LANES, ofVector, queries);
        set(piece, VECTOR, (long) lane / lanes * shape.vector());
        set(piece, PANEL, to - (long) ofVector * Float.BYTES);
        set(piece, PANEL_CHANNEL, channel);
        set(call, PIECES, pieces + 1);
    }

    /** Sets what is the same for all blocks. */
    static void setConstants(long call, VectorWidth width, AttentionShape shape) {
        Memory.putFloat(call + FACTOR, (float) (shape.scale() * (double) LOG2_E));
        Memory.putFloat(call + MINUS_INFINITY, Float.NEGATIVE_INFINITY);
        Memory.putFloat(call + LEAST, -Float.MAX_VALUE);
        for (int i = 0; i < POLYNOMIAL.length; i++) {
            Memory.putFloat(call + COEFFICIENTS + (long) i * Float.BYTES, POLYNOMIAL[i]);
        }
        Memory.putFloat(call + LEAST_EXPONENT, PowersOfTwo256.LEAST);
        Memory.putFloat(call + ROUNDING, PowersOfTwo256.ROUNDING);
        width.mask(call + REST, 0, shape.headSize() % width.count());
        SeenLanes.write(call + SEEN, width);
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
        int half = shape.tile() / 2;
        set(chunk, TILES, count / shape.tile());
        set(chunk, HALVES, count % shape.tile() / half);
        set(chunk, ONES, count % half);
        set(chunk, SEEN_FOURS, seen / 4);
        set(chunk, SEEN_ONES, seen % 4);
        set(chunk, MASKED, count - seen);
        set(chunk, MASKS, SeenLanes.address(call + SEEN, shape.width(), from + seen - all + 1L));
        set(chunk, MASKED_SCORES, shape.scores() + (long) seen * shape.row());
    }
}
