package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.matrix.machine.attention.BlockShape.VECTOR;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * The part of a {@link BlockProgram} between the two products: the scores of a chunk become weights, powers of two less the greatest
 * score so far, and what was summed before is corrected for a new greatest one. R10 is the scratch memory, R12 the chunk's description.
 */
final class SoftmaxCode {
    /** Of the polynomial, without the first. */
    private static final int COEFFICIENTS = BlockCall.POLYNOMIAL.length - 1;

    private static final Mask UNSEEN = new Mask(1);
    private static final Zmm MINUS_INFINITY = new Zmm(0);

    private final Assembler a;
    private final BlockShape shape;

    SoftmaxCode(Assembler a, BlockShape shape) {
        this.a = a;
        this.shape = shape;
    }

    /** By what sums over earlier chunks are to be multiplied, after {@link #weights}. */
    static Zmm correction(int vector) {
        return new Zmm(29 + vector);
    }

    private static Zmm coefficient(int i) {
        return new Zmm(i);
    }

    static Zmm greatest(int vector) {
        return new Zmm(6 + vector);
    }

    static Zmm sum(int vector) {
        return new Zmm(9 + vector);
    }

    static Zmm exponent(int vector) {
        return new Zmm(12 + vector);
    }

    private static Zmm fraction(int vector) {
        return new Zmm(15 + vector);
    }

    static Zmm power(int vector) {
        return new Zmm(18 + vector);
    }

    /** Before the first chunk. A greatest score that is finite makes 0 of minus infinity, and NaN of nothing else. */
    void begin() {
        a.vbroadcastss(greatest(0), at(RDI, BlockCall.LEAST));
        a.vpxord(sum(0), sum(0), sum(0));
        for (int v = 0; v < shape.vectors(); v++) {
            a.vmovups(at(R10, shape.greatest() + v * VECTOR), Mask.ALL, greatest(0));
            a.vmovups(at(R10, shape.sums() + v * VECTOR), Mask.ALL, sum(0));
        }
    }

    /** Scores of keys that a query does not see become minus infinity, whatever they are. */
    void mask() {
        Label end = a.label();
        a.mov(RCX, at(R12, BlockCall.MASKED));
        a.test(RCX, RCX);
        a.jz(end);
        a.vbroadcastss(MINUS_INFINITY, at(RDI, BlockCall.MINUS_INFINITY));
        a.mov(RDX, at(R12, BlockCall.MASKS));
        a.mov(RAX, at(R12, BlockCall.MASKED_SCORES));
        a.add(RAX, R10);
        Label key = a.here();
        for (int v = 0; v < shape.vectors(); v++) {
            a.kmovw(UNSEEN, at(RDX, v * Short.BYTES));
            a.knotw(UNSEEN, UNSEEN);
            a.vmovups(at(RAX, v * VECTOR), UNSEEN, MINUS_INFINITY);
        }
        a.add(RDX, Long.BYTES);
        a.add(RAX, shape.row());
        a.sub(RCX, 1);
        a.jnz(key);
        a.bind(end);
    }

    /** What {@link #powers} takes. */
    void coefficients() {
        for (int i = 0; i < COEFFICIENTS; i++) {
            a.vbroadcastss(coefficient(i), at(RDI, BlockCall.COEFFICIENTS + (i + 1) * Float.BYTES));
        }
    }

    void weights() {
        coefficients();
        for (int v = 0; v < shape.vectors(); v++) {
            a.vmovups(greatest(v), Mask.ALL, at(R10, shape.greatest() + v * VECTOR));
        }
        keys(() -> {
            for (int v = 0; v < shape.vectors(); v++) {
                a.vmovups(exponent(v), Mask.ALL, at(RAX, v * VECTOR));
                // Of NaN the greatest so far is kept; its weight is NaN.
                a.vmaxps(greatest(v), exponent(v), greatest(v));
            }
        });
        for (int v = 0; v < shape.vectors(); v++) {
            a.vmovups(exponent(v), Mask.ALL, at(R10, shape.greatest() + v * VECTOR));
            a.vmovups(at(R10, shape.greatest() + v * VECTOR), Mask.ALL, greatest(v));
            a.vsubps(exponent(v), exponent(v), greatest(v));
            a.vpxord(sum(v), sum(v), sum(v));
        }
        powers();
        for (int v = 0; v < shape.vectors(); v++) {
            a.vscalefps(correction(v), power(v), exponent(v));
        }
        keys(() -> {
            for (int v = 0; v < shape.vectors(); v++) {
                a.vmovups(exponent(v), Mask.ALL, at(RAX, v * VECTOR));
                a.vsubps(exponent(v), exponent(v), greatest(v));
            }
            powers();
            for (int v = 0; v < shape.vectors(); v++) {
                a.vscalefps(power(v), power(v), exponent(v));
                a.vmovups(at(RAX, v * VECTOR), Mask.ALL, power(v));
                a.vaddps(sum(v), sum(v), power(v));
            }
        });
        for (int v = 0; v < shape.vectors(); v++) {
            a.vmovups(power(v), Mask.ALL, at(R10, shape.sums() + v * VECTOR));
            a.vfmadd213ps(power(v), correction(v), sum(v));
            a.vmovups(at(R10, shape.sums() + v * VECTOR), Mask.ALL, power(v));
        }
    }

    /** After the last chunk: the sums become their inverses. */
    void invert() {
        a.vbroadcastss(power(0), at(RDI, BlockCall.COEFFICIENTS + COEFFICIENTS * Float.BYTES));
        for (int v = 0; v < shape.vectors(); v++) {
            a.vmovups(sum(v), Mask.ALL, at(R10, shape.sums() + v * VECTOR));
            a.vdivps(sum(v), power(0), sum(v));
            a.vmovups(at(R10, shape.sums() + v * VECTOR), Mask.ALL, sum(v));
        }
    }

    /** For each key of the chunk, RAX at its scores. */
    private void keys(Runnable body) {
        a.lea(RAX, at(R10, shape.scores()));
        a.mov(RCX, at(R12, BlockCall.COUNT));
        Label key = a.here();
        body.run();
        a.add(RAX, shape.row());
        a.sub(RCX, 1);
        a.jnz(key);
    }

    /** Two to what the exponents have above or below the nearest integers; these are left to be scaled by. */
    void powers() {
        for (int v = 0; v < shape.vectors(); v++) {
            a.vreducepsNearest(fraction(v), exponent(v));
            a.vbroadcastss(power(v), at(RDI, BlockCall.COEFFICIENTS));
        }
        for (int v = 0; v < shape.vectors(); v++) {
            a.vsubps(exponent(v), exponent(v), fraction(v));
        }
        for (int i = 0; i < COEFFICIENTS; i++) {
            for (int v = 0; v < shape.vectors(); v++) {
                a.vfmadd213ps(power(v), fraction(v), coefficient(i));
            }
        }
    }
}
