package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.llm2clip.kernels.cpu.machine.VectorWidth;

/** The argument of a {@link TileProgram}: where each field is in its memory. */
final class TileCall {
    static final int A = 0;
    static final int B = 8;
    static final int C = 16;
    /** What is added, or 0. */
    static final int ADD = 24;
    /** Bytes from one row of C, and of what is added, to the next. */
    static final int C_ROW = 32;

    static final int ADD_ROW = 40;
    /** How many tiles, and the bytes from one to the next. */
    static final int TILES = 48;

    static final int A_TILE = 56;
    static final int C_TILE = 64;
    static final int ADD_TILE = 72;
    /** How many panels, the bytes from the end of one to the next, and of what is added. */
    static final int PANELS = 80;

    static final int B_GAP = 88;
    static final int ADD_PANEL = 96;
    /** {@code k / UNROLLED}, and what is left. */
    static final int STEPS = 104;

    static final int REST = 112;
    /** What is fetched, or 0; the call leaves the address after its last row. */
    static final int FETCHED = 120;
    /** Bytes from one of its rows to the next, and of a tile. */
    static final int FETCHED_ROW = 128;

    static final int FETCHED_TILE = 136;
    /** Which columns exist, as {@link VectorWidth#masks} writes it. */
    static final int MASKS = 144;

    static final int BYTES = MASKS + TileProgram.VECTORS * VectorWidth.MASK_BYTES;
    /** Values of k per turn of the inner loop. */
    static final int UNROLLED = 4;

    private TileCall() {}

    static long get(long call, int field) {
        return ALL.get(JAVA_LONG_UNALIGNED, call + field);
    }

    static void set(long call, int field, long value) {
        ALL.set(JAVA_LONG_UNALIGNED, call + field, value);
    }
}
