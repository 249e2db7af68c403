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
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Encodes the normalization of a row for AVX-512: its mean if it is to be centered, its deviation, then the result. The argument is the address
 * of a {@link NormCall}.
 */
final class NormProgram {
    private static final int VECTOR = 64;
    /** Vectors of a turn, each of which has a sum of its own. */
    private static final int UNROLLED = NormCall.UNROLLED;

    private static final Mask EXISTING = new Mask(1);
    private static final Zmm MEAN = new Zmm(28);
    private static final Zmm FACTOR = new Zmm(29);
    private static final Zmm PER_COLUMN = new Zmm(30);
    private static final Zmm TEMPORARY = new Zmm(31);

    private final Assembler a = new Assembler();
    private final boolean centered;

    /** @param centered whether the mean is subtracted and a bias added */
    NormProgram(boolean centered) {
        this.centered = centered;
    }

    /** What is done with some vectors of the row, which begin at RCX. */
    private interface Body {
        void append(int vectors, Mask existing);
    }

    byte[] encode() {
        a.mov(R8, at(RDI, NormCall.X));
        a.mov(R9, at(RDI, NormCall.WEIGHT));
        a.mov(R10, at(RDI, NormCall.BIAS));
        a.mov(R11, at(RDI, NormCall.OUT));
        a.kmovw(EXISTING, at(RDI, NormCall.MASK));
        a.vbroadcastss(PER_COLUMN, at(RDI, NormCall.PER_COLUMN));
        a.mov(RSI, at(RDI, NormCall.ROW));
        a.add(RSI, R8);
        if (centered) {
            clear();
            row(first(this::add));
            total();
            a.vmulps(MEAN, sum(0), PER_COLUMN);
        }
        clear();
        row(centered ? this::addSquares : first(this::addSquares));
        total();
        a.vmulps(FACTOR, sum(0), PER_COLUMN);
        a.vbroadcastss(TEMPORARY, at(RDI, NormCall.EPSILON));
        a.vaddps(FACTOR, FACTOR, TEMPORARY);
        a.vsqrtps(FACTOR, FACTOR);
        a.vbroadcastss(TEMPORARY, at(RDI, NormCall.ONE));
        a.vdivps(FACTOR, TEMPORARY, FACTOR);
        row(this::normalize);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** Fetches the row behind this one meanwhile: what fetches lines by itself begins anew with each page, and a row may be one. */
    private Body first(Body body) {
        return (vectors, existing) -> {
            for (int v = 0; v < vectors; v++) {
                a.prefetcht1(element(RSI, v));
            }
            body.append(vectors, existing);
        };
    }

    private static Zmm sum(int vector) {
        return new Zmm(vector);
    }

    private static Zmm value(int vector) {
        return new Zmm(UNROLLED + vector);
    }

    private static Zmm weight(int vector) {
        return new Zmm(2 * UNROLLED + vector);
    }

    private static Zmm bias(int vector) {
        return new Zmm(3 * UNROLLED + vector);
    }

    private static Address element(Gpr row, int vector) {
        return at(row, RCX, vector * VECTOR);
    }

    private void clear() {
        for (int v = 0; v < UNROLLED; v++) {
            a.vpxord(sum(v), sum(v), sum(v));
        }
    }

    private void row(Body body) {
        a.mov(RCX, 0);
        Loops.times(a, RDX, at(RDI, NormCall.TURNS), () -> body.append(UNROLLED, Mask.ALL));
        Loops.times(a, RDX, at(RDI, NormCall.SINGLES), () -> body.append(1, Mask.ALL));
        Label end = a.label();
        a.mov(RAX, at(RDI, NormCall.MASK));
        a.test(RAX, RAX);
        a.jz(end);
        body.append(1, EXISTING);
        a.bind(end);
    }

    private void add(int vectors, Mask existing) {
        for (int v = 0; v < vectors; v++) {
            a.vmovups(value(v), existing, element(R8, v));
            a.vaddps(sum(v), sum(v), value(v));
        }
        a.add(RCX, vectors * VECTOR);
    }

    private void addSquares(int vectors, Mask existing) {
        for (int v = 0; v < vectors; v++) {
            load(v, existing);
            a.vfmadd231ps(sum(v), existing, value(v), value(v));
        }
        a.add(RCX, vectors * VECTOR);
    }

    private void normalize(int vectors, Mask existing) {
        for (int v = 0; v < vectors; v++) {
            load(v, existing);
            a.vmulps(value(v), value(v), FACTOR);
            a.vmovups(weight(v), existing, element(R9, v));
            if (centered) {
                a.vmovups(bias(v), existing, element(R10, v));
                a.vfmadd213ps(value(v), weight(v), bias(v));
            } else {
                a.vmulps(value(v), value(v), weight(v));
            }
            a.vmovups(element(R11, v), existing, value(v));
        }
        a.add(RCX, vectors * VECTOR);
    }

    private void load(int vector, Mask existing) {
        a.vmovups(value(vector), existing, element(R8, vector));
        if (centered) {
            a.vsubps(value(vector), value(vector), MEAN);
        }
    }

    /** All lanes of the first sum become the total. */
    private void total() {
        for (int half = UNROLLED / 2; half > 0; half /= 2) {
            for (int v = 0; v < half; v++) {
                a.vaddps(sum(v), sum(v), sum(v + half));
            }
        }
        for (int lanes = VECTOR / Float.BYTES / 2; lanes > 0; lanes /= 2) {
            a.valignd(TEMPORARY, sum(0), sum(0), lanes);
            a.vaddps(sum(0), sum(0), TEMPORARY);
        }
    }
}
