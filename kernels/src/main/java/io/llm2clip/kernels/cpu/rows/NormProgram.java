package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.VectorWidth;

/**
 * Encodes the normalization of a row: its mean if it is to be centered, its deviation, then the result. The argument is the address of a
 * {@link NormCall}.
 */
final class NormProgram {
    /** Vectors of a turn, each of which has a sum of its own. */
    private static final int UNROLLED = NormCall.UNROLLED;

    private static final int LINE = 64;

    // Registers behind the sums and the values; the last of the narrower vectors' is for masks.
    private static final int WEIGHT = 2 * UNROLLED;
    private static final int BIAS = WEIGHT + 1;
    private static final int MEAN = WEIGHT + 2;
    private static final int FACTOR = WEIGHT + 3;
    private static final int PER_COLUMN = WEIGHT + 4;
    private static final int TEMPORARY = WEIGHT + 5;

    private final Assembler a = new Assembler();
    private final Lanes lanes;
    private final boolean centered;

    /** @param centered whether the mean is subtracted and a bias added */
    NormProgram(VectorWidth width, boolean centered) {
        lanes = width.lanes(a);
        this.centered = centered;
    }

    /** What is done with some vectors of the row, which begin at RCX, or with the elements that exist of a last one. */
    private interface Body {
        void append(int vectors, boolean masked);
    }

    byte[] encode() {
        a.mov(R8, at(RDI, NormCall.X));
        a.mov(R9, at(RDI, NormCall.WEIGHT));
        a.mov(R10, at(RDI, NormCall.BIAS));
        a.mov(R11, at(RDI, NormCall.OUT));
        lanes.mask(RDI, NormCall.MASK);
        lanes.broadcast(PER_COLUMN, at(RDI, NormCall.PER_COLUMN));
        a.mov(RSI, at(RDI, NormCall.ROW));
        a.add(RSI, R8);
        if (centered) {
            clear();
            row(first(this::add));
            total();
            lanes.multiply(MEAN, sum(0), PER_COLUMN);
        }
        clear();
        row(centered ? this::addSquares : first(this::addSquares));
        total();
        lanes.multiply(FACTOR, sum(0), PER_COLUMN);
        lanes.broadcast(TEMPORARY, at(RDI, NormCall.EPSILON));
        lanes.add(FACTOR, FACTOR, TEMPORARY);
        lanes.squareRoot(FACTOR, FACTOR);
        lanes.broadcast(TEMPORARY, at(RDI, NormCall.ONE));
        lanes.divide(FACTOR, TEMPORARY, FACTOR);
        row(this::normalize);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** Fetches the row behind this one meanwhile: what fetches lines by itself begins anew with each page, and a row may be one. */
    private Body first(Body body) {
        return (vectors, masked) -> {
            for (int offset = 0; offset < vectors * lanes.bytes(); offset += LINE) {
                a.prefetcht1(at(RSI, RCX, offset));
            }
            body.append(vectors, masked);
        };
    }

    private static int sum(int vector) {
        return vector;
    }

    private static int value(int vector) {
        return UNROLLED + vector;
    }

    private void clear() {
        for (int v = 0; v < UNROLLED; v++) {
            lanes.clear(sum(v));
        }
    }

    private void row(Body body) {
        a.mov(RCX, 0);
        Loops.times(a, RDX, at(RDI, NormCall.TURNS), () -> body.append(UNROLLED, false));
        Loops.times(a, RDX, at(RDI, NormCall.SINGLES), () -> body.append(1, false));
        Label end = a.label();
        a.mov(RAX, at(RDI, NormCall.REST));
        a.test(RAX, RAX);
        a.jz(end);
        body.append(1, true);
        a.bind(end);
    }

    private void add(int vectors, boolean masked) {
        for (int v = 0; v < vectors; v++) {
            load(value(v), R8, v, masked);
            lanes.add(sum(v), sum(v), value(v));
        }
        a.add(RCX, vectors * lanes.bytes());
    }

    private void addSquares(int vectors, boolean masked) {
        for (int v = 0; v < vectors; v++) {
            loadCentered(v, masked);
            if (masked) {
                lanes.addSquares(sum(v), v, value(v));
            } else {
                lanes.multiplyAdd(sum(v), value(v), value(v));
            }
        }
        a.add(RCX, vectors * lanes.bytes());
    }

    private void normalize(int vectors, boolean masked) {
        for (int v = 0; v < vectors; v++) {
            loadCentered(v, masked);
            lanes.multiply(value(v), value(v), FACTOR);
            load(WEIGHT, R9, v, masked);
            if (centered) {
                load(BIAS, R10, v, masked);
                lanes.multiplyThenAdd(value(v), WEIGHT, BIAS);
            } else {
                lanes.multiply(value(v), value(v), WEIGHT);
            }
            if (masked) {
                lanes.store(element(R11, v), v, value(v));
            } else {
                lanes.store(element(R11, v), value(v));
            }
        }
        a.add(RCX, vectors * lanes.bytes());
    }

    private void loadCentered(int vector, boolean masked) {
        load(value(vector), R8, vector, masked);
        if (centered) {
            lanes.subtract(value(vector), value(vector), MEAN);
        }
    }

    private void load(int to, Gpr row, int vector, boolean masked) {
        if (masked) {
            lanes.load(to, vector, element(row, vector));
        } else {
            lanes.load(to, element(row, vector));
        }
    }

    private Address element(Gpr row, int vector) {
        return at(row, RCX, vector * lanes.bytes());
    }

    /** All lanes of the first sum become the total. */
    private void total() {
        for (int half = UNROLLED / 2; half > 0; half /= 2) {
            for (int v = 0; v < half; v++) {
                lanes.add(sum(v), sum(v), sum(v + half));
            }
        }
        lanes.addAcross(sum(0), TEMPORARY);
    }
}
