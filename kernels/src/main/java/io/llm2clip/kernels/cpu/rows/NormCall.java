package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.llm2clip.kernels.cpu.runtime.Memory;

/** The argument of a {@link NormProgram}, in off-heap memory. */
final class NormCall {
    /** Vectors of a turn of its loops. */
    static final int UNROLLED = 4;

    static final int X = 0;
    static final int WEIGHT = 8;
    static final int BIAS = 16;
    static final int OUT = 24;
    /** Turns of the loops, then single vectors, then the mask of the elements of a last one, or 0. */
    static final int TURNS = 32;

    static final int SINGLES = 40;
    static final int MASK = 48;
    static final int PER_COLUMN = 56;
    static final int EPSILON = 60;
    static final int ONE = 64;
    /** Bytes of the row. */
    static final int ROW = 72;

    /** Memory that a call takes, aligned as longs are. */
    static final int BYTES = 80;

    private static final int LANES = 16;

    private NormCall() {}

    /** Writes what is the same for all rows. */
    static void prepare(long call, int columns, float epsilon) {
        int vectors = columns / LANES;
        ALL.set(JAVA_LONG, call + TURNS, vectors / UNROLLED);
        ALL.set(JAVA_LONG, call + SINGLES, vectors % UNROLLED);
        ALL.set(JAVA_LONG, call + MASK, (1L << columns % LANES) - 1);
        ALL.set(JAVA_LONG, call + ROW, (long) columns * Float.BYTES);
        Memory.putFloat(call + PER_COLUMN, 1f / columns);
        Memory.putFloat(call + EPSILON, epsilon);
        Memory.putFloat(call + ONE, 1);
    }

    /** Writes the addresses of a row and of what it is multiplied by and moved by. */
    static void set(long call, long x, long weight, long bias, long out) {
        ALL.set(JAVA_LONG, call + X, x);
        ALL.set(JAVA_LONG, call + WEIGHT, weight);
        ALL.set(JAVA_LONG, call + BIAS, bias);
        ALL.set(JAVA_LONG, call + OUT, out);
    }
}
