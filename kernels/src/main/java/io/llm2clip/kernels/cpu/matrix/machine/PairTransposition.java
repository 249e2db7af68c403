package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;
import java.util.function.IntConsumer;

/** Encodes what transposes tiles of 16 x 16 pairs, each in registers. */
final class PairTransposition {
    /** Fields of the argument's memory: the first tile, and the bytes from one to the next. */
    static final int FROM = 0;

    static final int FROM_TILE = 8;
    /** Rows that are read, as columns of the result; the others count as zeros. */
    static final int COLUMNS = 16;

    static final int TO = 24;
    static final int TO_TILE = 32;
    /** Rows of the result that are written, at least 1. */
    static final int ROWS = 40;
    /** How many tiles, at least 1. */
    static final int TILES = 48;

    static final int BYTES = 64;

    private static final int LANES = Tiles.LANES;

    private final Assembler a = new Assembler();

    private PairTransposition() {}

    static byte[] code() {
        return new PairTransposition().encode();
    }

    private byte[] encode() {
        a.mov(R8, at(RDI, FROM));
        a.mov(R9, at(RDI, TO));
        a.mov(RSI, at(RDI, TILES));
        Label tile = a.here();
        for (int row = 0; row < LANES; row++) {
            a.vpxord(new Zmm(row), new Zmm(row), new Zmm(row));
        }
        rows(R8, COLUMNS, row -> a.vmovups(new Zmm(row), Mask.ALL, at(RAX, row * Tiles.ROW)));
        transpose();
        rows(R9, ROWS, row -> a.vmovups(at(RAX, row * Tiles.ROW), Mask.ALL, new Zmm(row)));
        a.add(R8, at(RDI, FROM_TILE));
        a.add(R9, at(RDI, TO_TILE));
        a.sub(RSI, 1);
        a.jnz(tile);
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private void rows(Gpr first, int count, IntConsumer body) {
        Label end = a.label();
        a.mov(RAX, first);
        a.mov(RCX, at(RDI, count));
        a.test(RCX, RCX);
        for (int row = 0; row < LANES; row++) {
            a.jz(end);
            body.accept(row);
            a.sub(RCX, 1);
        }
        a.bind(end);
    }

    /** Registers 0 to 15 as the rows of a tile. */
    private void transpose() {
        for (int i = 0; i < LANES; i += 2) {
            a.vunpcklps(new Zmm(LANES + i), new Zmm(i), new Zmm(i + 1));
            a.vunpckhps(new Zmm(LANES + i + 1), new Zmm(i), new Zmm(i + 1));
        }
        // Quarter q of register 4 g + c has then column 4 q + c of rows 4 g to 4 g + 3.
        for (int i = 0; i < LANES; i += 4) {
            for (int half = 0; half < 2; half++) {
                Zmm upper = new Zmm(LANES + i + half);
                Zmm lower = new Zmm(LANES + i + half + 2);
                a.vunpcklpd(new Zmm(i + 2 * half), upper, lower);
                a.vunpckhpd(new Zmm(i + 2 * half + 1), upper, lower);
            }
        }
        for (int c = 0; c < 4; c++) {
            Zmm[] square = {new Zmm(c), new Zmm(4 + c), new Zmm(8 + c), new Zmm(12 + c)};
            for (int half = 0; half < 2; half++) {
                int quarters = half == 0 ? 0x44 : 0xEE;
                a.vshuff32x4(new Zmm(LANES + 4 * c + half), square[0], square[1], quarters);
                a.vshuff32x4(new Zmm(LANES + 4 * c + 2 + half), square[2], square[3], quarters);
            }
            for (int q = 0; q < 4; q++) {
                Zmm upper = new Zmm(LANES + 4 * c + q / 2);
                Zmm lower = new Zmm(LANES + 4 * c + 2 + q / 2);
                a.vshuff32x4(square[q], upper, lower, q % 2 == 0 ? 0x88 : 0xDD);
            }
        }
    }
}
