package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;
import java.util.function.Consumer;

/**
 * The part of a {@link ChunkProgram} between the two products: f32 scores become weights rounded to bf16, powers of two less the greatest
 * score so far; sums are of the weights before rounding. What was summed before is corrected for a new greatest score.
 */
final class TileSoftmax {
    private static final Mask UNSEEN = new Mask(1);
    private static final Mask FIRST_LANE = new Mask(2);
    /** Vectors of a panel's row, and of a value for each query. */
    private static final int VECTORS = 2;

    private static final int COEFFICIENTS = HeadCall.POLYNOMIAL.length;
    private static final Zmm FACTOR = new Zmm(20);
    private static final Zmm SHIFT = new Zmm(21);

    private final Assembler a;
    private final TileShape shape;

    TileSoftmax(Assembler a, TileShape shape) {
        this.a = a;
        this.shape = shape;
    }

    private static Zmm exponent(int v) {
        return new Zmm(v);
    }

    private static Zmm fraction(int v) {
        return new Zmm(2 + v);
    }

    private static Zmm power(int v) {
        return new Zmm(4 + v);
    }

    /** Of a row: the greatest scores, or the sums of weights, each lane by itself. */
    private static Zmm lanes(int v) {
        return new Zmm(6 + v);
    }

    /** Greatest scores before this chunk, a lane for each query. */
    private static Zmm before(int v) {
        return new Zmm(8 + v);
    }

    private static Zmm coefficient(int i) {
        return new Zmm(22 + i);
    }

    void encode() {
        a.mov(RAX, 1);
        a.kmovw(FIRST_LANE, RAX);
        a.vbroadcastss(FACTOR, at(RDI, HeadCall.FACTOR));
        for (int i = 0; i < COEFFICIENTS; i++) {
            a.vbroadcastss(coefficient(i), at(RDI, HeadCall.COEFFICIENTS + i * Float.BYTES));
        }
        mask();
        begin();
        rows(this::greatest);
        corrections();
        rows(this::weights);
        sums();
        correctOutputs();
    }

    /** Scores of keys that a query does not see become minus infinity, whatever they are; R9 is behind the last panel's. */
    private void mask() {
        Label end = a.label();
        a.mov(RAX, at(RDI, HeadCall.MASKED));
        a.test(RAX, RAX);
        a.jz(end);
        a.vbroadcastss(lanes(0), at(RDI, HeadCall.MINUS_INFINITY));
        a.lea(RAX, at(R9, -TileShape.SCORES));
        a.lea(RDX, at(RDI, HeadCall.UNSEEN));
        Loops.times(a, RCX, at(RDI, HeadCall.ROWS), () -> {
            for (int v = 0; v < VECTORS; v++) {
                a.kmovw(UNSEEN, at(RDX, v * Short.BYTES));
                a.vmovups(at(RAX, v * TileShape.ROW), UNSEEN, lanes(0));
            }
            a.add(RAX, TileShape.FLOATS);
            a.add(RDX, Integer.BYTES);
        });
        a.bind(end);
    }

    /** Before the first chunk. A greatest score that is finite makes 0 of minus infinity, and NaN of nothing else. */
    private void begin() {
        Label continued = a.label();
        a.mov(RAX, at(RDI, HeadCall.CONTINUED));
        a.test(RAX, RAX);
        a.jnz(continued);
        a.vbroadcastss(lanes(0), at(RDI, HeadCall.LEAST));
        a.vpxord(lanes(1), lanes(1), lanes(1));
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(at(RDI, TileShape.GREATEST + v * TileShape.ROW), Mask.ALL, lanes(0));
            a.vmovups(at(RDI, TileShape.SUMS + v * TileShape.ROW), Mask.ALL, lanes(1));
        }
        a.bind(continued);
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(before(v), Mask.ALL, at(RDI, TileShape.GREATEST + v * TileShape.ROW));
        }
    }

    /** For each query: R8 at its scores, R9 at its weights, R10 at its lane of all that has one, from the greatest scores on. */
    private void rows(Runnable row) {
        a.lea(R8, at(RDI, shape.scores()));
        a.lea(R9, at(RDI, shape.weights()));
        a.lea(R10, at(RDI, TileShape.GREATEST));
        Loops.times(a, R11, at(RDI, HeadCall.ROWS), () -> {
            row.run();
            a.add(R8, TileShape.FLOATS);
            a.add(R9, TileShape.ROW);
            a.add(R10, Float.BYTES);
        });
    }

    private void greatest() {
        for (int v = 0; v < VECTORS; v++) {
            a.vbroadcastss(lanes(v), at(R10, 0));
        }
        a.mov(RAX, R8);
        Loops.times(a, RCX, at(RDI, HeadCall.PANELS), () -> {
            for (int v = 0; v < VECTORS; v++) {
                a.vmovups(exponent(v), Mask.ALL, at(RAX, v * TileShape.ROW));
                // Of NaN the greatest so far is kept; its weight is NaN.
                a.vmaxps(lanes(v), exponent(v), lanes(v));
            }
            a.add(RAX, TileShape.SCORES);
        });
        a.vmaxps(lanes(0), lanes(1), lanes(0));
        reduce(other -> a.vmaxps(lanes(0), other, lanes(0)));
        a.vmovups(at(R10, 0), FIRST_LANE, lanes(0));
    }

    /** Of all queries. Differences of greatest scores come first, as the least one times a factor may be infinite. */
    private void corrections() {
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(lanes(v), Mask.ALL, at(RDI, TileShape.GREATEST + v * TileShape.ROW));
            a.vsubps(exponent(v), before(v), lanes(v));
            a.vmulps(exponent(v), exponent(v), FACTOR);
            a.vmulpsBroadcast(lanes(v), lanes(v), at(RDI, HeadCall.MINUS_FACTOR));
            a.vmovups(at(RDI, TileShape.SHIFTS + v * TileShape.ROW), Mask.ALL, lanes(v));
        }
        powers();
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(at(RDI, TileShape.CORRECTIONS + v * TileShape.ROW), Mask.ALL, power(v));
        }
    }

    private void weights() {
        a.vbroadcastss(SHIFT, at(R10, TileShape.SHIFTS - TileShape.GREATEST));
        for (int v = 0; v < VECTORS; v++) {
            a.vpxord(lanes(v), lanes(v), lanes(v));
        }
        a.mov(RAX, R8);
        a.mov(RDX, R9);
        Loops.times(a, RCX, at(RDI, HeadCall.PANELS), () -> {
            for (int v = 0; v < VECTORS; v++) {
                a.vmovups(exponent(v), Mask.ALL, at(RAX, v * TileShape.ROW));
                a.vfmadd213ps(exponent(v), FACTOR, SHIFT);
            }
            powers();
            for (int v = 0; v < VECTORS; v++) {
                a.vaddps(lanes(v), lanes(v), power(v));
            }
            a.vcvtne2ps2bf16(power(0), power(1), power(0));
            a.vmovups(at(RDX, 0), Mask.ALL, power(0));
            a.add(RAX, TileShape.SCORES);
            a.add(RDX, TileShape.WEIGHTS);
        });
        a.vaddps(lanes(0), lanes(1), lanes(0));
        reduce(other -> a.vaddps(lanes(0), lanes(0), other));
        a.vmovups(at(R10, TileShape.CHUNK_SUMS - TileShape.GREATEST), FIRST_LANE, lanes(0));
    }

    /** Combines all lanes of {@code lanes(0)}, in all of them. */
    private void reduce(Consumer<Zmm> combine) {
        for (int distance = TileShape.LANES / 2; distance > 0; distance /= 2) {
            a.valignd(lanes(1), lanes(0), lanes(0), distance);
            combine.accept(lanes(1));
        }
    }

    private void sums() {
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(lanes(v), Mask.ALL, at(RDI, TileShape.SUMS + v * TileShape.ROW));
            a.vmovups(power(v), Mask.ALL, at(RDI, TileShape.CORRECTIONS + v * TileShape.ROW));
            a.vmovups(fraction(v), Mask.ALL, at(RDI, TileShape.CHUNK_SUMS + v * TileShape.ROW));
            a.vfmadd213ps(lanes(v), power(v), fraction(v));
            a.vmovups(at(RDI, TileShape.SUMS + v * TileShape.ROW), Mask.ALL, lanes(v));
        }
    }

    private void correctOutputs() {
        Label end = a.label();
        a.mov(RAX, at(RDI, HeadCall.CONTINUED));
        a.test(RAX, RAX);
        a.jz(end);
        a.lea(RAX, at(RDI, shape.outputs()));
        a.lea(RDX, at(RDI, TileShape.CORRECTIONS));
        Loops.times(a, RCX, at(RDI, HeadCall.ROWS), () -> {
            a.vbroadcastss(power(0), at(RDX, 0));
            for (int channel = 0; channel < shape.headSize(); channel += TileShape.LANES) {
                Zmm register = exponent(channel / TileShape.LANES % 4);
                a.vmulps(register, power(0), at(RAX, channel * Float.BYTES));
                a.vmovups(at(RAX, channel * Float.BYTES), Mask.ALL, register);
            }
            a.add(RAX, shape.outputRow());
            a.add(RDX, Float.BYTES);
        });
        a.bind(end);
    }

    /** Two to the exponents. */
    private void powers() {
        for (int v = 0; v < VECTORS; v++) {
            a.vreducepsDown(fraction(v), exponent(v));
            a.vbroadcastss(power(v), at(RDI, HeadCall.COEFFICIENTS));
        }
        for (int i = 1; i < COEFFICIENTS; i++) {
            for (int v = 0; v < VECTORS; v++) {
                a.vfmadd213ps(power(v), fraction(v), coefficient(i));
            }
        }
        for (int v = 0; v < VECTORS; v++) {
            a.vscalefps(power(v), power(v), exponent(v));
        }
    }
}
