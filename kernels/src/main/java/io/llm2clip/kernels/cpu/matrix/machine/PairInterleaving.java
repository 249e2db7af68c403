package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Encodes what makes a step of a panel of B, {@code [16 columns, twice][pair][column][2]}, of a step of a panel of A of 32 rows of k. Its argument
 * has {@link RoundingKernels#FROM}, {@link RoundingKernels#TO} and {@link RoundingKernels#INTERLEAVE}.
 */
final class PairInterleaving {
    /** Bytes of half of a row, of a quarter of a register. */
    private static final int HALF = Tiles.ROW / 2;

    private static final int QUARTER = Tiles.ROW / 4;

    private static final Zmm PAIR = new Zmm(0);
    private static final Zmm INDICES = new Zmm(1);

    private PairInterleaving() {}

    static byte[] code() {
        Assembler a = new Assembler();
        a.mov(RAX, at(RDI, RoundingKernels.FROM));
        a.mov(RSI, at(RDI, RoundingKernels.TO));
        a.vmovups(INDICES, Mask.ALL, at(RDI, RoundingKernels.INTERLEAVE));
        a.mov(RCX, Tiles.LANES);
        Label pair = a.here();
        for (int half = 0; half < 2; half++) {
            int second = Tiles.ROW + half * HALF;
            a.vmovups(PAIR, Mask.ALL, at(RAX, half * HALF));
            a.vinsertf32x4(PAIR, PAIR, at(RAX, second), 2);
            a.vinsertf32x4(PAIR, PAIR, at(RAX, second + QUARTER), 3);
            a.vpermw(PAIR, INDICES, PAIR);
            a.vmovups(at(RSI, half * Tiles.TILE), Mask.ALL, PAIR);
        }
        a.add(RAX, 2 * Tiles.ROW);
        a.add(RSI, Tiles.ROW);
        a.sub(RCX, 1);
        a.jnz(pair);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
