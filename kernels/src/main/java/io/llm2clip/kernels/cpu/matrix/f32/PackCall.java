package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.llm2clip.kernels.cpu.machine.VectorWidth;

/** The argument of a {@link TransposeProgram} and a {@link CopyProgram}: where each field is in its memory. */
final class PackCall {
    static final int FROM = 0;
    /** Bytes from one lane to the next that is transposed, or from one k to the next that is copied. */
    static final int STRIDE = 8;

    static final int TO = 16;
    /** Bytes from one k to the next. */
    static final int TO_ROW = 24;
    /** Turns of the loop: {@code k}, or where lanes are transposed {@code k / 16}, then fours of what is left. */
    static final int STEPS = 32;

    static final int FOURS = 40;
    /** Turns of the loop for the last k, of which no lane is written that does not exist. */
    static final int REST = 48;
    /** Pieces that are copied of each k, and the bytes from one to the next where they are and where they go. */
    static final int PIECES = 56;

    static final int FROM_PIECE = 64;
    static final int TO_PIECE = 72;
    /** Which lanes exist, as {@link VectorWidth#masks} writes it. */
    static final int MASKS = 80;

    private PackCall() {}

    static void set(long call, int field, long value) {
        ALL.set(JAVA_LONG_UNALIGNED, call + field, value);
    }
}
