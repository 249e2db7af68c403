package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Copies rows of a head, to memory where they are close together or back. Where they are stored they are often a multiple of 4 KiB apart, so
 * that few of them fit in the caches at a time.
 */
final class RowCopyProgram {
    /** Fields of the argument's memory. */
    private static final int FROM = 0;

    private static final int FROM_ROW = 8;
    private static final int TO = 16;
    private static final int TO_ROW = 24;
    private static final int ROWS = 32;

    private static final int REGISTERS = 8;
    private static final Mask REST = new Mask(1);

    private RowCopyProgram() {}

    /** Writes the argument. */
    static void set(long call, long from, long fromRow, long to, long toRow, int rows) {
        BlockCall.set(call, FROM, from);
        BlockCall.set(call, FROM_ROW, fromRow);
        BlockCall.set(call, TO, to);
        BlockCall.set(call, TO_ROW, toRow);
        BlockCall.set(call, ROWS, rows);
    }

    static byte[] encode(int headSize) {
        Assembler a = new Assembler();
        int rest = headSize % BlockShape.LANES;
        a.mov(RAX, (1 << rest) - 1);
        a.kmovw(REST, RAX);
        a.mov(RAX, at(RDI, FROM));
        a.mov(RDX, at(RDI, FROM_ROW));
        a.mov(RSI, at(RDI, TO));
        a.mov(R8, at(RDI, TO_ROW));
        a.mov(RCX, at(RDI, ROWS));
        Label row = a.here();
        for (int channel = 0; channel < headSize; channel += BlockShape.LANES) {
            Mask lanes = channel + BlockShape.LANES <= headSize ? Mask.ALL : REST;
            Zmm register = new Zmm(channel / BlockShape.LANES % REGISTERS);
            a.vmovups(register, lanes, at(RAX, channel * Float.BYTES));
            a.vmovups(at(RSI, channel * Float.BYTES), lanes, register);
        }
        a.add(RAX, RDX);
        a.add(RSI, R8);
        a.sub(RCX, 1);
        a.jnz(row);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
