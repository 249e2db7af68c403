package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Encodes what makes steps of a panel of B, {@code [16 columns, twice][pair][column][2]}, of 32 rows of k each that have 32 columns of bf16.
 * Its argument has {@link RoundingKernels#FROM}, {@link RoundingKernels#FROM_ROW}, {@link RoundingKernels#TO},
 * {@link RoundingKernels#TO_STEP}, {@link RoundingKernels#STEPS}, at least 1, and {@link RoundingKernels#INTERLEAVE}.
 */
final class PairInterleaving {
    /** Bytes of half of a row, of a quarter of a register. */
    private static final int HALF = Tiles.ROW / 2;

    private static final int QUARTER = Tiles.ROW / 4;

    private static final Zmm PAIR = new Zmm(0);
    private static final Zmm INDICES = new Zmm(1);
    private static final Mask LOWER = new Mask(1);

    private PairInterleaving() {}

    static byte[] code() {
        Assembler a = new Assembler();
        a.mov(RAX, 0xff);
        a.kmovw(LOWER, RAX);
        a.mov(RAX, at(RDI, RoundingKernels.FROM));
        a.mov(RDX, at(RDI, RoundingKernels.FROM_ROW));
        a.mov(R9, at(RDI, RoundingKernels.TO));
        a.vmovups(INDICES, Mask.ALL, at(RDI, RoundingKernels.INTERLEAVE));
        Loops.times(a, R8, at(RDI, RoundingKernels.STEPS), () -> {
            a.mov(RSI, R9);
            a.mov(RCX, Tiles.LANES);
            Label pair = a.here();
            pair(a);
            a.sub(RCX, 1);
            a.jnz(pair);
            a.add(R9, at(RDI, RoundingKernels.TO_STEP));
        });
        a.vzeroupper();
        a.ret();
        return a.code();
    }

    private static void pair(Assembler a) {
        for (int half = 0; half < 2; half++) {
            int from = half * HALF;
            a.vmovups(PAIR, LOWER, at(RAX, from));
            a.vinsertf32x4(PAIR, PAIR, at(RAX, RDX, from), 2);
            a.vinsertf32x4(PAIR, PAIR, at(RAX, RDX, from + QUARTER), 3);
            a.vpermw(PAIR, INDICES, PAIR);
            a.vmovups(at(RSI, half * Tiles.TILE), Mask.ALL, PAIR);
        }
        a.add(RAX, RDX);
        a.add(RAX, RDX);
        a.add(RSI, Tiles.ROW);
    }
}
