package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.runtime.Memory;

/** The argument of a {@link NormProgram}, in off-heap memory. */
final class NormCall {
    /** Vectors of a turn of its loops. */
    static final int UNROLLED = 4;

    static final int X = 0;
    static final int WEIGHT = 8;
    static final int BIAS = 16;
    static final int OUT = 24;
    /** Turns of the loops, then single vectors, then the elements of a last one, or 0. */
    static final int TURNS = 32;

    static final int SINGLES = 40;
    static final int REST = 48;
    static final int PER_COLUMN = 56;
    static final int EPSILON = 60;
    static final int ONE = 64;
    /** Bytes of the row. */
    static final int ROW = 72;

    /** Which elements of the last vector exist, as {@link VectorWidth#mask} writes it. */
    static final int MASK = 80;

    /** Memory that a call takes, aligned as longs are. */
    static final int BYTES = MASK + VectorWidth.MASK_BYTES;

    private NormCall() {}

    /** Writes what is the same for all rows, for a program of vectors of a width. */
    static void prepare(long call, VectorWidth width, int columns, float epsilon) {
        int vectors = columns / width.count();
        int rest = columns % width.count();
        ALL.set(JAVA_LONG, call + TURNS, vectors / UNROLLED);
        ALL.set(JAVA_LONG, call + SINGLES, vectors % UNROLLED);
        ALL.set(JAVA_LONG, call + REST, rest);
        width.mask(call + MASK, 0, rest);
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
