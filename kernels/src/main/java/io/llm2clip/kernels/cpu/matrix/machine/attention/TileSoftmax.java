package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R14;
import static io.llm2clip.kernels.cpu.machine.Gpr.R15;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;
import java.util.function.Consumer;

/**
 * The part of a {@link ChunkProgram} between the two products: f32 scores become weights rounded to bf16, powers of two less the greatest
 * score so far; sums are of the weights before rounding. What was summed before is corrected for a new greatest score. R10 is at the scores
 * of a row, R11 at its weights, R14 at its lane of the block's statistics, R15 counts the rows that are left; a row overwrites RAX, RCX and RDX.
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
    private final Label greatest;
    private final Label weights;

    TileSoftmax(Assembler a, TileShape shape) {
        this.a = a;
        this.shape = shape;
        greatest = a.label();
        weights = a.label();
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

    /** Sets what rows need, before any. */
    void begin() {
        a.mov(RAX, 1);
        a.kmovw(FIRST_LANE, RAX);
        a.vbroadcastss(FACTOR, at(RDI, HeadCall.FACTOR));
        for (int i = 0; i < COEFFICIENTS; i++) {
            a.vbroadcastss(coefficient(i), at(RDI, HeadCall.COEFFICIENTS + i * Float.BYTES));
        }
        mask();
        beginStatistics();
        beginRows();
    }

    /** The greatest score of a row, if one is left. */
    void greatestOfRow() {
        ifLeft(() -> a.call(greatest));
    }

    /** Those of the rows that are left; then rows begin again. */
    void finishGreatest() {
        all(greatest);
        corrections();
        beginRows();
    }

    /** The weights of a row, if one is left. */
    void weightsOfRow() {
        ifLeft(() -> a.call(weights));
    }

    /** Those of the rows that are left. */
    void finishWeights() {
        all(weights);
        sums();
        correctOutputs();
    }

    /** What is called, to be encoded behind the program. */
    void functions() {
        function(greatest, this::greatest);
        function(weights, this::weights);
    }

    private void function(Label function, Runnable row) {
        a.bind(function);
        row.run();
        a.add(R10, TileShape.FLOATS);
        a.add(R11, TileShape.ROW);
        a.add(R14, Float.BYTES);
        a.sub(R15, 1);
        a.ret();
    }

    private void ifLeft(Runnable body) {
        Label none = a.label();
        a.test(R15, R15);
        a.jz(none);
        body.run();
        a.bind(none);
    }

    private void all(Label function) {
        ifLeft(() -> {
            Label again = a.here();
            a.call(function);
            a.jnz(again);
        });
    }

    private void beginRows() {
        a.mov(R10, at(RDI, HeadCall.SCORES));
        a.mov(R11, at(RDI, HeadCall.WEIGHTS_TO));
        a.mov(R14, at(RDI, HeadCall.STATISTICS));
        a.mov(R15, at(RDI, HeadCall.QUERIES));
    }

    /** Scores of keys that a query does not see become minus infinity, whatever they are. */
    private void mask() {
        Label end = a.label();
        a.mov(RAX, at(RDI, HeadCall.MASKED));
        a.test(RAX, RAX);
        a.jz(end);
        a.vbroadcastss(lanes(0), at(RDI, HeadCall.MINUS_INFINITY));
        a.lea(RDX, at(RDI, HeadCall.UNSEEN));
        Loops.times(a, RCX, at(RDI, HeadCall.QUERIES), () -> {
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
    private void beginStatistics() {
        Label continued = a.label();
        a.mov(RDX, at(RDI, HeadCall.STATISTICS));
        a.mov(RAX, at(RDI, HeadCall.CONTINUED));
        a.test(RAX, RAX);
        a.jnz(continued);
        a.vbroadcastss(lanes(0), at(RDI, HeadCall.LEAST));
        a.vpxord(lanes(1), lanes(1), lanes(1));
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(at(RDX, TileShape.GREATEST + v * TileShape.ROW), Mask.ALL, lanes(0));
            a.vmovups(at(RDX, TileShape.SUMS + v * TileShape.ROW), Mask.ALL, lanes(1));
        }
        a.bind(continued);
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(before(v), Mask.ALL, at(RDX, TileShape.GREATEST + v * TileShape.ROW));
        }
    }

    private void greatest() {
        for (int v = 0; v < VECTORS; v++) {
            a.vbroadcastss(lanes(v), at(R14, TileShape.GREATEST));
        }
        a.mov(RAX, R10);
        Loops.times(a, RCX, at(RDI, HeadCall.SCORE_PANELS), () -> {
            for (int v = 0; v < VECTORS; v++) {
                a.vmovups(exponent(v), Mask.ALL, at(RAX, v * TileShape.ROW));
                // Of NaN the greatest so far is kept; its weight is NaN.
                a.vmaxps(lanes(v), exponent(v), lanes(v));
            }
            a.add(RAX, TileShape.SCORES);
        });
        a.vmaxps(lanes(0), lanes(1), lanes(0));
        reduce(other -> a.vmaxps(lanes(0), other, lanes(0)));
        a.vmovups(at(R14, TileShape.GREATEST), FIRST_LANE, lanes(0));
    }

    /** Of all queries. Differences of greatest scores come first, as the least one times a factor may be infinite. */
    private void corrections() {
        a.mov(RDX, at(RDI, HeadCall.STATISTICS));
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(lanes(v), Mask.ALL, at(RDX, TileShape.GREATEST + v * TileShape.ROW));
            a.vsubps(exponent(v), before(v), lanes(v));
            a.vmulps(exponent(v), exponent(v), FACTOR);
            a.vmulpsBroadcast(lanes(v), lanes(v), at(RDI, HeadCall.MINUS_FACTOR));
            a.vmovups(at(RDX, TileShape.SHIFTS + v * TileShape.ROW), Mask.ALL, lanes(v));
        }
        powers();
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(at(RDX, TileShape.CORRECTIONS + v * TileShape.ROW), Mask.ALL, power(v));
        }
    }

    private void weights() {
        a.vbroadcastss(SHIFT, at(R14, TileShape.SHIFTS));
        for (int v = 0; v < VECTORS; v++) {
            a.vpxord(lanes(v), lanes(v), lanes(v));
        }
        a.mov(RAX, R10);
        a.mov(RDX, R11);
        Loops.times(a, RCX, at(RDI, HeadCall.SCORE_PANELS), () -> {
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
        a.vmovups(at(R14, TileShape.CHUNK_SUMS), FIRST_LANE, lanes(0));
    }

    /** Combines all lanes of {@code lanes(0)}, in all of them. */
    private void reduce(Consumer<Zmm> combine) {
        for (int distance = TileShape.LANES / 2; distance > 0; distance /= 2) {
            a.valignd(lanes(1), lanes(0), lanes(0), distance);
            combine.accept(lanes(1));
        }
    }

    private void sums() {
        a.mov(RDX, at(RDI, HeadCall.STATISTICS));
        for (int v = 0; v < VECTORS; v++) {
            a.vmovups(lanes(v), Mask.ALL, at(RDX, TileShape.SUMS + v * TileShape.ROW));
            a.vmovups(power(v), Mask.ALL, at(RDX, TileShape.CORRECTIONS + v * TileShape.ROW));
            a.vmovups(fraction(v), Mask.ALL, at(RDX, TileShape.CHUNK_SUMS + v * TileShape.ROW));
            a.vfmadd213ps(lanes(v), power(v), fraction(v));
            a.vmovups(at(RDX, TileShape.SUMS + v * TileShape.ROW), Mask.ALL, lanes(v));
        }
    }

    private void correctOutputs() {
        Label end = a.label();
        a.mov(RAX, at(RDI, HeadCall.CONTINUED));
        a.test(RAX, RAX);
        a.jz(end);
        a.lea(RAX, at(RDI, shape.outputs()));
        a.mov(RDX, at(RDI, HeadCall.STATISTICS));
        Loops.times(a, RCX, at(RDI, HeadCall.QUERIES), () -> {
            a.vbroadcastss(power(0), at(RDX, TileShape.CORRECTIONS));
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
