package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/** Encodes what rounds rows and pairs of rows of f32 to bf16. */
final class RoundingKernels {
    /** Fields of the argument's memory. */
    static final int FROM = 0;
    /** Bytes from one row of f32 to the next. */
    static final int FROM_ROW = 8;

    static final int TO = 16;
    /** Rows to be rounded, or pairs of rows of a step. */
    static final int ROWS = 24;
    /** Whole steps; may be 0 in {@link #rows}. */
    static final int STEPS = 32;
    /** Bytes from one step to the next. */
    static final int TO_STEP = 40;
    /** Bytes from what is rounded to what rounding leaves, and from there to what it leaves of that. */
    static final int TO_PART = 48;
    /** Lanes of the step behind the whole ones, or of each row of a pair. */
    static final int LOW = 56;

    static final int HIGH = 64;
    /** Whether a row without a second one follows the pairs; 0 if not. */
    static final int ODD = 72;
    /** 32 words: the indices that interleave two halves. */
    static final int INTERLEAVE = 128;

    static final int BYTES = 192;

    /** Bytes to what rounding leaves, and to what rounding that leaves. */
    private static final Gpr[] TO_PARTS = {R11, RDX};

    private static final Mask LOW_LANES = new Mask(1);
    private static final Mask HIGH_LANES = new Mask(2);
    /** Two vectors of f32, both rounded, what rounding left of them, and temporaries. */
    private static final Zmm X = new Zmm(0);

    private static final Zmm Y = new Zmm(1);
    private static final Zmm ROUNDED = new Zmm(2);
    private static final Zmm WIDENED = new Zmm(3);
    private static final Zmm INDICES = new Zmm(4);

    private final Assembler a = new Assembler();
    private final Bf16Rounding rounding = new Bf16Rounding(a, X, Y, ROUNDED, WIDENED);
    private final int parts;

    private RoundingKernels(int parts) {
        this.parts = parts;
    }

    /** Rows of k that become rows of steps, {@code [step][row][32]}. */
    static byte[] rows(int parts) {
        return new RoundingKernels(parts).rows();
    }

    /**
     * Pairs of rows that become vectors of pairs, {@code [step][16 columns, twice][pair][column][2]}; steps are of up to 16 pairs, and
     * rows of up to 32 columns.
     */
    static byte[] pairs(int parts) {
        return new RoundingKernels(parts).pairs();
    }

    /** A step of all rows, then the next one: it is one piece of memory there. */
    private byte[] rows() {
        masks();
        a.push(RBX);
        a.mov(R8, at(RDI, FROM));
        a.mov(R9, at(RDI, TO));
        parts();
        a.mov(RCX, at(RDI, FROM_ROW));
        Loops.times(a, RBX, at(RDI, STEPS), () -> {
            step(Mask.ALL, Mask.ALL);
            a.add(R8, 2 * Tiles.ROW);
            a.add(R9, at(RDI, TO_STEP));
        });
        Label end = a.label();
        a.mov(RBX, at(RDI, LOW));
        a.test(RBX, RBX);
        a.jz(end);
        step(LOW_LANES, HIGH_LANES);
        a.bind(end);
        a.vzeroupper();
        a.pop(RBX);
        a.ret();
        return a.code();
    }

    private void step(Mask low, Mask high) {
        a.mov(RAX, R8);
        a.mov(RSI, R9);
        Loops.times(a, R10, at(RDI, ROWS), () -> {
            stepOfRow(low, high);
            a.add(RAX, RCX);
            a.add(RSI, Tiles.ROW);
        });
    }

    private void stepOfRow(Mask low, Mask high) {
        a.vmovups(X, low, at(RAX, 0));
        a.vmovups(Y, high, at(RAX, Tiles.ROW));
        rounding.round();
        a.vmovups(at(RSI, 0), Mask.ALL, ROUNDED);
        for (int part = 1; part < parts; part++) {
            rounding.left();
            a.vmovups(at(RSI, TO_PARTS[part - 1], 0), Mask.ALL, ROUNDED);
        }
    }

    private byte[] pairs() {
        masks();
        a.push(RBX);
        a.vmovups(INDICES, Mask.ALL, at(RDI, INTERLEAVE));
        a.mov(RAX, at(RDI, FROM));
        a.mov(R9, at(RDI, TO));
        a.mov(RBX, at(RDI, STEPS));
        a.mov(RCX, at(RDI, FROM_ROW));
        parts();
        Label step = a.here();
        a.mov(RSI, R9);
        Loops.times(a, R10, at(RDI, ROWS), () -> {
            pair(true);
            a.add(RAX, RCX);
            a.add(RAX, RCX);
            a.add(RSI, Tiles.ROW);
        });
        a.add(R9, at(RDI, TO_STEP));
        a.sub(RBX, 1);
        a.jnz(step);
        Label end = a.label();
        a.mov(RBX, at(RDI, ODD));
        a.test(RBX, RBX);
        a.jz(end);
        pair(false);
        a.bind(end);
        a.vzeroupper();
        a.pop(RBX);
        a.ret();
        return a.code();
    }

    /** One pair: of the row at RAX and the next, or of it and zeros; 16 columns, and 16 more. */
    private void pair(boolean both) {
        for (int half = 0; half < 2; half++) {
            Mask lanes = half == 0 ? LOW_LANES : HIGH_LANES;
            a.vmovups(X, lanes, at(RAX, half * Tiles.ROW));
            if (both) {
                a.vmovups(Y, lanes, at(RAX, RCX, half * Tiles.ROW));
            } else {
                a.vpxord(Y, Y, Y);
            }
            rounding.round();
            a.vpermw(ROUNDED, INDICES, ROUNDED);
            a.vmovups(at(RSI, half * Tiles.TILE), Mask.ALL, ROUNDED);
            for (int part = 1; part < parts; part++) {
                rounding.left();
                a.vpermw(ROUNDED, INDICES, ROUNDED);
                a.vmovups(at(RSI, TO_PARTS[part - 1], half * Tiles.TILE), Mask.ALL, ROUNDED);
            }
        }
    }

    /** Sets the registers of {@link #TO_PARTS}. */
    private void parts() {
        a.mov(R11, at(RDI, TO_PART));
        a.mov(RDX, R11);
        a.add(RDX, R11);
    }

    private void masks() {
        a.mov(RAX, at(RDI, LOW));
        a.kmovw(LOW_LANES, RAX);
        a.mov(RAX, at(RDI, HIGH));
        a.kmovw(HIGH_LANES, RAX);
    }
}
