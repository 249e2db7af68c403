package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.llm2clip.kernels.cpu.runtime.Memory;

/** The argument of all programs for tiles: where each field is, and how it gets there. Scratch memory follows, see {@link TileShape}. */
final class HeadCall {
    /** What is loaded, or where results are stored, and the bytes from one row to the next, or from one step to the next in panels. */
    static final int MATRIX = 0;

    static final int MATRIX_ROW = 8;
    /** Rows of these. */
    static final int ROWS = 16;
    /** Where panels of keys or values are written. */
    static final int TO = 24;
    /** The results of the first query. */
    static final int FROM = 24;
    /** Of keys: how many times 16, the last of which may be fewer. */
    static final int SIXTEENS = 32;
    /** Of values: whole panels of values, pairs of the panel behind them, and whether a value without a second one follows; not 0 if so. */
    static final int WHOLE = 40;

    static final int PAIRS = 48;
    static final int ODD = 56;

    /** The keys of the chunk whose scores are computed, where these go, and panels of it; 0 if there is none. */
    static final int KEYS = 64;

    static final int SCORES_TO = 72;
    static final int KEY_PANELS = 80;

    /** The scores of the chunk whose weights are computed, where these go, panels of it, and queries; 0 of them if there is none. */
    static final int SCORES = 88;

    static final int WEIGHTS_TO = 96;
    static final int SCORE_PANELS = 104;
    static final int QUERIES = 112;
    /** Whether this chunk continues what others began; 0 if not. */
    static final int CONTINUED = 120;
    /** The scores of this chunk's last panel, if some queries do not see all of its keys; 0 if all do. */
    static final int MASKED = 128;
    /** Where the greatest scores and sums of its block are, see {@link TileShape}. */
    static final int STATISTICS = 136;

    /** The weights of the chunk whose values are summed, these, and panels of it; 0 if there is none. */
    static final int WEIGHTS = 144;

    static final int VALUES = 152;
    static final int VALUE_PANELS = 160;
    /** Whether its values are added to those of others; 0 if not. */
    static final int ADDED = 168;

    /** f32: the scale times log2(e), as weights are powers of two. */
    static final int FACTOR = 176;

    static final int MINUS_FACTOR = 180;
    static final int MINUS_INFINITY = 184;
    static final int LEAST = 188;
    /** More than 1 by so much that what becomes infinite by rounding to bf16 does so by this factor, too. */
    static final int ROUNDING = 192;
    /** Coefficients of the polynomial, that of the highest power first; the last is 1. */
    static final int COEFFICIENTS = 196;

    /** 32 words: the indices that interleave two halves. */
    static final int INTERLEAVE = 256;
    /** The configuration of tiles: eight of 16 rows of 64 bytes. */
    static final int TILES = 320;
    /** For each query a bit for each key of the last panel of its scores, set if it does not see it. */
    static final int UNSEEN = 384;
    /** f32: NaN in some lanes if there are values that are not finite. */
    static final int NOT_FINITE = 512;

    static final int BYTES = 576;

    /** Of 2^x from 0 to 1, with a relative error of 3e-6. */
    static final float[] POLYNOMIAL = {0x1.b7f756p-7f, 0x1.abf85ap-5f, 0x1.ee2452p-3f, 0x1.62d6c6p-1f, 1};

    private static final int TILE_ROW_BYTES = 16;
    private static final int TILE_ROWS = 48;
    private static final int TILE_COUNT = 8;
    private static final float LOG2_E = 1.44269504f;

    private HeadCall() {}

    static void set(long call, int field, long value) {
        ALL.set(JAVA_LONG, call + field, value);
    }

    /** Sets where rows are, and the bytes from one to the next. */
    static void load(long call, long matrix, long row, int rows) {
        set(call, MATRIX, matrix);
        set(call, MATRIX_ROW, row);
        set(call, ROWS, rows);
    }

    /** Sets what is the same for all calls. */
    static void setConstants(long call, float scale) {
        float factor = (float) (scale * (double) LOG2_E);
        Memory.putFloat(call + FACTOR, factor);
        Memory.putFloat(call + MINUS_FACTOR, -factor);
        Memory.putFloat(call + MINUS_INFINITY, Float.NEGATIVE_INFINITY);
        Memory.putFloat(call + LEAST, -Float.MAX_VALUE);
        Memory.putFloat(call + ROUNDING, 1 + 0x1p-8f);
        for (int i = 0; i < POLYNOMIAL.length; i++) {
            Memory.putFloat(call + COEFFICIENTS + (long) i * Float.BYTES, POLYNOMIAL[i]);
        }
        for (int column = 0; column < TileShape.LANES; column++) {
            long pair = call + INTERLEAVE + 4L * column;
            ALL.set(JAVA_SHORT, pair, (short) column);
            ALL.set(JAVA_SHORT, pair + 2, (short) (TileShape.LANES + column));
        }
        ALL.asSlice(call + TILES, UNSEEN - TILES).fill((byte) 0);
        ALL.set(JAVA_BYTE, call + TILES, (byte) 1);
        for (int tile = 0; tile < TILE_COUNT; tile++) {
            ALL.set(JAVA_SHORT, call + TILES + TILE_ROW_BYTES + 2L * tile, (short) TileShape.ROW);
            ALL.set(JAVA_BYTE, call + TILES + TILE_ROWS + tile, (byte) TileShape.LANES);
        }
    }

    /**
     * Sets which keys of the last panel a query sees.
     *
     * @param seen how many, the first ones
     */
    static void setSeen(long call, int query, int seen) {
        Memory.putInt(call + UNSEEN + 4L * query, seen >= TileShape.PANEL ? 0 : -1 << seen);
    }

    static boolean finiteValues(long call) {
        for (int lane = 0; lane < TileShape.LANES; lane++) {
            if (Float.isNaN(Memory.getFloat(call + NOT_FINITE + 4L * lane))) {
                return false;
            }
        }
        return true;
    }
}
