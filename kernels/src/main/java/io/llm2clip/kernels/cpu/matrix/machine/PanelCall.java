package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.llm2clip.kernels.cpu.machine.expression.ExpressionAssembly;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.Expression;

/** The argument of a {@link PanelProgram}: where each field is in its memory, and how it gets there. */
final class PanelCall {
    static final int A = 0;
    static final int B = 8;
    static final int C = 16;
    /** What is added, or 0. */
    static final int ADD = 24;
    /** Bytes from one row of C, and of what is added, to the next; 0 if one row is added to all. */
    static final int C_ROW = 32;

    static final int ADD_ROW = 40;
    /** How many panels of A, each of all rows, and the bytes from one to the next. */
    static final int PANELS = 48;

    static final int A_PANEL = 56;
    static final int C_PANEL = 64;
    static final int ADD_PANEL = 72;
    /** Steps of k, at least 1. */
    static final int STEPS = 80;
    /** Which columns exist, a bit for each. */
    static final int COLUMNS_LOW = 88;

    static final int COLUMNS_HIGH = 96;
    /** Of each byte, the lower half and the sign. */
    static final int LOW_NIBBLES = 104;

    static final int SIGNS = 108;
    /** Of each word, 1. */
    static final int ONES = 112;
    /** The configuration of tiles. */
    static final int TILES = 128;
    /** The first 16 columns as lanes, -1 where one exists. */
    static final int LANES = 192;
    /** The configuration of tiles that multiply bytes, and which tiles are what. */
    static final int BYTE_TILES = 256;

    static final int BYTE_SUMS = 0;
    static final int BYTE_ROWS = 1;
    static final int BYTE_WEIGHTS = 2;
    /** Room for a tile on its way to vectors, or that nobody reads. */
    static final int SUMS = 320;
    /** Room for unpacked nibbles on their way to a tile. */
    static final int NIBBLES = SUMS + Tiles.TILE;
    /** The panel of B that is multiplied next, of whose fetching a program takes care. */
    static final int NEXT = NIBBLES + Tiles.TILE / 2;
    /** Bytes from a panel of A to what is fetched meanwhile of its next part of k. */
    static final int NEXT_PART = NEXT + 8;
    /** Turns of {@link #stepsOfTurn} whose B is to stay in the first level of cache, turns whose B is not, and the steps that are left. */
    static final int NEAR_TURNS = NEXT_PART + 8;

    static final int FAR_TURNS = NEAR_TURNS + 8;
    static final int REST = FAR_TURNS + 8;
    /** Where the output of a {@link Finish} goes, and the bytes from one row to the next. */
    static final int OUT = REST + 8;

    static final int OUT_ROW = OUT + 8;
    /** Bytes from one panel of a packed output to the next; rows of its other operands are {@link #OUT_ROW} apart. */
    static final int OUT_PANEL = OUT_ROW + 8;
    /** Bytes from a row of the output, and of its other operands, to the one that is fetched meanwhile. */
    static final int AHEAD = OUT_PANEL + 8;
    /** The addresses of its other operands, and its constants. */
    static final int EXTRAS = AHEAD + 8;

    static final int CONSTANTS = EXTRAS + Expression.MAX_VALUES * Long.BYTES;
    /** Bytes of a call; aligned to 64. */
    static final int BYTES = (CONSTANTS + ExpressionAssembly.maxConstants() * Float.BYTES + 63) / 64 * 64;

    /** Bytes of a row of a block of sums for a {@link Finish}, and of a block of the most rows. */
    static final int BLOCK_ROW = Tiles.COLUMNS * Float.BYTES;

    static final int BLOCK = Tiles.COLUMNS * BLOCK_ROW;

    /** Of a panel of B, what the first level of cache has room for beside sums and what their epilogue reads: two thirds of it. */
    private static final long NEAR_BYTES = 32 * 1024;

    /** Of a panel of B, in a turn. */
    private static final long TURN_BYTES = 16 * 1024;

    private static final int TILE_ROW_BYTES = 16;
    private static final int TILE_ROWS = 48;

    private PanelCall() {}

    static void set(long call, int field, long value) {
        ALL.set(JAVA_LONG, call + field, value);
    }

    /**
     * Sets the steps of k.
     *
     * @param bytesOfStep of a panel of B
     */
    static void steps(long call, int steps, long bytesOfStep) {
        int turn = stepsOfTurn(bytesOfStep);
        long near = Math.min(steps / turn, NEAR_BYTES / (turn * bytesOfStep));
        set(call, STEPS, steps);
        set(call, NEAR_TURNS, near);
        set(call, FAR_TURNS, steps / turn - near);
        set(call, REST, steps % turn);
    }

    /** Steps that are encoded one after the other: up to eight. */
    static int stepsOfTurn(long bytesOfStep) {
        return Integer.highestOneBit(Math.clamp(TURN_BYTES / bytesOfStep, 1, 8));
    }

    /** Sets what is constant, which columns exist, and the shapes of tiles: 0 to 3 of C, 4 and 5 of A, 6 and 7 of B. */
    static void shape(long call, int rows, int columns) {
        set(call, COLUMNS_LOW, bits(columns));
        set(call, COLUMNS_HIGH, bits(columns - Tiles.LANES));
        Memory.putInt(call + LOW_NIBBLES, 0x0F0F0F0F);
        Memory.putInt(call + SIGNS, 0x80808080);
        Memory.putInt(call + ONES, 0x00010001);
        for (int lane = 0; lane < Tiles.LANES; lane++) {
            Memory.putInt(call + LANES + (long) lane * Integer.BYTES, lane < columns ? -1 : 0);
        }
        long tiles = call + TILES;
        ALL.asSlice(tiles, LANES - TILES).fill((byte) 0);
        ALL.set(JAVA_BYTE, tiles, (byte) 1);
        int left = Math.min(Tiles.LANES, columns);
        int right = columns - left;
        int upper = Math.min(Tiles.LANES, rows);
        int lower = rows - upper;
        tile(tiles, 0, upper, left);
        tile(tiles, 1, upper, right);
        tile(tiles, 2, lower, left);
        tile(tiles, 3, lower, right);
        tile(tiles, 4, upper, Tiles.LANES);
        tile(tiles, 5, lower, Tiles.LANES);
        tile(tiles, 6, Tiles.LANES, left);
        tile(tiles, 7, Tiles.LANES, right);
        long tilesOfBytes = call + BYTE_TILES;
        ALL.asSlice(tilesOfBytes, SUMS - BYTE_TILES).fill((byte) 0);
        ALL.set(JAVA_BYTE, tilesOfBytes, (byte) 1);
        int words = Tiles.STEP / Integer.BYTES;
        tile(tilesOfBytes, BYTE_SUMS, upper, Tiles.LANES);
        tile(tilesOfBytes, BYTE_ROWS, upper, words);
        tile(tilesOfBytes, BYTE_WEIGHTS, words, Tiles.LANES);
    }

    /** A tile without rows or columns stays unconfigured: no kernel for such a shape uses it. */
    private static void tile(long tiles, int tile, int rows, int lanes) {
        if (rows > 0 && lanes > 0) {
            ALL.set(JAVA_SHORT, tiles + TILE_ROW_BYTES + 2L * tile, (short) (lanes * Float.BYTES));
            ALL.set(JAVA_BYTE, tiles + TILE_ROWS + tile, (byte) rows);
        }
    }

    /** A bit for each of the first 16 lanes that exists. */
    static long bits(int lanes) {
        return (1L << Math.clamp(lanes, 0, Tiles.LANES)) - 1;
    }
}
