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
import io.llm2clip.kernels.cpu.machine.SquareTransposition;
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
        SquareTransposition.append(a);
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
}
