package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.runtime.Memory;

/** The argument of what quantizes rows of A: where each field is in its memory. */
final class QuantizeCall {
    static final int FROM = 0;
    /** Bytes from one row of f32 to the next. */
    static final int FROM_ROW = 8;

    static final int TO = 16;
    /** Rows to be quantized: all of a panel. */
    static final int ROWS = 24;
    /** Whole steps, at least 1. */
    static final int STEPS = 32;
    /** Bytes from one step to the next. */
    static final int TO_STEP = 40;
    /** Bytes from a step's numbers to its scales. */
    static final int TO_SCALES = 48;
    /** Bytes from a step's scales to what is added. */
    static final int TO_ADDENDS = 56;
    /** The bits of an f32 but its sign. */
    static final int MAGNITUDE = 64;
    /** The least magnitude that a block's greatest number counts as; what divides by it is finite. */
    static final int LEAST = 68;
    /** The greatest number. */
    static final int GREATEST = 72;

    static final int INVERSE_OF_GREATEST = 76;
    /** Where words of four numbers come from, as 8 lanes, after halves of vectors were packed each for itself. */
    static final int ORDER = 96;

    static final int BYTES = 128;

    private static final int LANES = 8;

    private QuantizeCall() {}

    /** Sets what is constant. */
    static void prepare(long call) {
        Memory.putInt(call + MAGNITUDE, 0x7FFFFFFF);
        Memory.putFloat(call + LEAST, 0x1p-100f);
        Memory.putFloat(call + GREATEST, Byte.MAX_VALUE);
        Memory.putFloat(call + INVERSE_OF_GREATEST, 1f / Byte.MAX_VALUE);
        for (int lane = 0; lane < LANES; lane++) {
            Memory.putInt(call + ORDER + (long) lane * Integer.BYTES, lane / 2 + lane % 2 * (LANES / 2));
        }
    }
}
