package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.SquareTransposition;
import io.llm2clip.kernels.cpu.machine.Zmm;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * How queries, keys and values get into tiles: from f32 rows, rounded to bf16, channels beyond the head being 0; or from rows of bf16,
 * {@code [step][row][32]}. R8 is at a row, R9 the bytes to the next, or from a step to the next.
 */
final class TileLoading {
    private static final Mask LOW = new Mask(1);
    private static final Mask HIGH = new Mask(2);
    /** Two vectors of f32. */
    private static final Zmm X = new Zmm(16);

    private static final Zmm Y = new Zmm(17);
    private static final Zmm INDICES = new Zmm(18);
    private static final Zmm ZERO = new Zmm(19);
    private static final Zmm ROUNDING = new Zmm(20);
    /** NaN where values are not finite, or else 0. */
    private static final Zmm NOT_FINITE = new Zmm(21);

    private static final Zmm SCALED = new Zmm(22);

    private final Assembler a = new Assembler();
    private final TileShape shape;

    private TileLoading(TileShape shape) {
        this.shape = shape;
        int rest = shape.headSize() % TileShape.PANEL;
        lanes(LOW, rest);
        lanes(HIGH, rest - TileShape.LANES);
        a.mov(R8, at(RDI, HeadCall.MATRIX));
        a.mov(R9, at(RDI, HeadCall.MATRIX_ROW));
    }

    private void lanes(Mask mask, int lanes) {
        a.mov(RAX, (1 << Math.clamp(lanes, 0, TileShape.LANES)) - 1);
        a.kmovw(mask, RAX);
    }

    static byte[] queries(TileShape shape) {
        return new TileLoading(shape).queries();
    }

    static byte[] keys(TileShape shape) {
        return new TileLoading(shape).keys();
    }

    static byte[] values(TileShape shape) {
        return new TileLoading(shape).values();
    }

    /** Of heads of whole steps. */
    static byte[] packedKeys(TileShape shape) {
        return new TileLoading(shape).packedKeys();
    }

    /** Of heads of whole steps. */
    static byte[] packedValues(TileShape shape) {
        return new TileLoading(shape).packedValues();
    }

    private byte[] finished() {
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    /** Rows of channels. */
    private byte[] queries() {
        a.lea(RSI, at(RDI, TileShape.QUERIES));
        a.mov(RCX, at(RDI, HeadCall.ROWS));
        Label row = a.here();
        for (int step = 0; step < shape.steps(); step++) {
            round(X, at(R8, step * TileShape.FLOATS), step);
            a.vmovups(at(RSI, step * 2 * TileShape.TILE), Mask.ALL, X);
        }
        a.add(R8, R9);
        a.add(RSI, TileShape.ROW);
        a.sub(RCX, 1);
        a.jnz(row);
        return finished();
    }

    /** Sets a register to the rounded channels of a step. */
    private void round(Zmm to, Address channels, int step) {
        boolean whole = (step + 1) * TileShape.PANEL <= shape.headSize();
        a.vmovups(X, whole ? Mask.ALL : LOW, channels);
        a.vmovups(Y, whole ? Mask.ALL : HIGH, at(channels.base(), channels.displacement() + TileShape.ROW));
        a.vcvtne2ps2bf16(to, Y, X);
    }

    /** Transposed pairs of channels, 16 keys at a time; R10 are left. */
    private byte[] keys() {
        a.mov(RSI, at(RDI, HeadCall.TO));
        a.mov(R10, at(RDI, HeadCall.ROWS));
        Loops.times(a, RDX, at(RDI, HeadCall.SIXTEENS), () -> {
            for (int step = 0; step < shape.steps(); step++) {
                keys(step);
            }
            a.mov(RAX, R9);
            a.shl(RAX, 4);
            a.add(R8, RAX);
            a.sub(R10, TileShape.LANES);
        });
        return finished();
    }

    /** One tile. */
    private void keys(int step) {
        a.lea(RAX, at(R8, step * TileShape.FLOATS));
        tile(key -> round(new Zmm(key), at(RAX, 0), step), () -> a.add(RAX, R9));
    }

    /**
     * Transposes the keys of a tile, of which R10 exist, or more.
     *
     * @param load sets a register to the channels of a key
     * @param next goes on to the next one
     */
    private void tile(IntConsumer load, Runnable next) {
        for (int key = 0; key < TileShape.LANES; key++) {
            a.vpxord(new Zmm(key), new Zmm(key), new Zmm(key));
        }
        Label end = a.label();
        a.mov(RCX, R10);
        for (int key = 0; key < TileShape.LANES; key++) {
            load.accept(key);
            if (key < TileShape.LANES - 1) {
                next.run();
                a.sub(RCX, 1);
                a.jz(end);
            }
        }
        a.bind(end);
        SquareTransposition.append(a);
        for (int pair = 0; pair < TileShape.LANES; pair++) {
            a.vmovups(at(RSI, pair * TileShape.ROW), Mask.ALL, new Zmm(pair));
        }
        a.add(RSI, TileShape.TILE);
    }

    private byte[] packedKeys() {
        a.mov(RSI, at(RDI, HeadCall.TO));
        a.mov(R10, at(RDI, HeadCall.ROWS));
        Loops.times(a, RDX, at(RDI, HeadCall.SIXTEENS), () -> {
            a.mov(RAX, R8);
            for (int step = 0; step < shape.steps(); step++) {
                tile(key -> a.vmovups(new Zmm(key), Mask.ALL, at(RAX, key * TileShape.ROW)), () -> {});
                a.add(RAX, R9);
            }
            a.add(R8, TileShape.TILE);
            a.sub(R10, TileShape.LANES);
        });
        return finished();
    }

    /** Interleaved pairs of values. */
    private byte[] values() {
        a.vmovups(INDICES, Mask.ALL, at(RDI, HeadCall.INTERLEAVE));
        a.vbroadcastss(ROUNDING, at(RDI, HeadCall.ROUNDING));
        return pairs(this::values);
    }

    private byte[] packedValues() {
        return pairs(this::packedValues);
    }

    /** @param pair loads a pair of values, or one and 0 */
    private byte[] pairs(Consumer<Boolean> pair) {
        a.vpxord(ZERO, ZERO, ZERO);
        a.vpxord(NOT_FINITE, NOT_FINITE, NOT_FINITE);
        a.mov(RSI, at(RDI, HeadCall.TO));
        Loops.times(a, R10, at(RDI, HeadCall.WHOLE), () -> {
            a.mov(RCX, TileShape.LANES);
            Label again = a.here();
            pair.accept(true);
            a.sub(RCX, 1);
            a.jnz(again);
            a.add(RSI, shape.panel() - TileShape.TILE);
        });
        Loops.times(a, R10, at(RDI, HeadCall.PAIRS), () -> pair.accept(true));
        Loops.times(a, R10, at(RDI, HeadCall.ODD), () -> pair.accept(false));
        a.vmovups(at(RDI, HeadCall.NOT_FINITE), Mask.ALL, NOT_FINITE);
        return finished();
    }

    /** Each channel of the first value below that of the second one, or 0. */
    private void packedValues(boolean both) {
        a.mov(RAX, R8);
        for (int step = 0; step < shape.steps(); step++) {
            for (int half = 0; half < 2; half++) {
                a.vpmovzxwd(X, at(RAX, half * TileShape.ROW / 2));
                a.vpslld(SCALED, X, Short.SIZE);
                a.vfmadd231ps(NOT_FINITE, SCALED, ZERO);
                if (both) {
                    a.vpmovzxwd(Y, at(RAX, TileShape.ROW + half * TileShape.ROW / 2));
                    a.vpslld(Y, Y, Short.SIZE);
                    a.vfmadd231ps(NOT_FINITE, Y, ZERO);
                    a.vpxord(X, X, Y);
                }
                a.vmovups(at(RSI, (2 * step + half) * TileShape.TILE), Mask.ALL, X);
            }
            a.add(RAX, R9);
        }
        a.add(R8, 2 * TileShape.ROW);
        a.add(RSI, TileShape.ROW);
    }

    /** One pair, or a value and 0. */
    private void values(boolean both) {
        for (int channel = 0; channel < shape.headSize(); channel += TileShape.LANES) {
            int rest = shape.headSize() % TileShape.PANEL;
            boolean whole = channel + TileShape.LANES <= shape.headSize();
            Mask lanes = whole ? Mask.ALL : rest > TileShape.LANES ? HIGH : LOW;
            value(X, lanes, at(R8, channel * Float.BYTES));
            if (both) {
                value(Y, lanes, at(R8, R9, channel * Float.BYTES));
            }
            a.vcvtne2ps2bf16(X, both ? Y : ZERO, X);
            a.vpermw(X, INDICES, X);
            a.vmovups(at(RSI, channel / TileShape.LANES * TileShape.TILE), Mask.ALL, X);
        }
        if (shape.headSize() % TileShape.PANEL > 0 && shape.headSize() % TileShape.PANEL <= TileShape.LANES) {
            a.vmovups(at(RSI, (2 * shape.steps() - 1) * TileShape.TILE), Mask.ALL, ZERO);
        }
        a.add(R8, R9);
        a.add(R8, R9);
        a.add(RSI, TileShape.ROW);
    }

    private void value(Zmm to, Mask lanes, Address from) {
        a.vmovups(to, lanes, from);
        a.vmulps(SCALED, to, ROUNDING);
        a.vfmadd231ps(NOT_FINITE, SCALED, ZERO);
    }
}
