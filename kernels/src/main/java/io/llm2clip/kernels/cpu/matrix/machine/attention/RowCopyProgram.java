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
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.VectorWidth;

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
    private static final int REST = 40;
    /** Bytes of the argument. */
    static final int BYTES = 128;

    private static final int REGISTERS = 8;

    private RowCopyProgram() {}

    /**
     * Rows in memory.
     *
     * @param first address of the first one
     * @param stride bytes from one to the next
     */
    record Rows(long first, long stride) {}

    /** Writes the argument. */
    static void set(long call, VectorWidth width, int headSize, Rows from, Rows to, int rows) {
        BlockCall.set(call, FROM, from.first);
        BlockCall.set(call, FROM_ROW, from.stride);
        BlockCall.set(call, TO, to.first);
        BlockCall.set(call, TO_ROW, to.stride);
        BlockCall.set(call, ROWS, rows);
        width.mask(call + REST, 0, headSize % width.count());
    }

    static byte[] encode(VectorWidth width, int headSize) {
        Assembler a = new Assembler();
        Lanes lanes = width.lanes(a);
        lanes.mask(RDI, REST);
        a.mov(RAX, at(RDI, FROM));
        a.mov(RDX, at(RDI, FROM_ROW));
        a.mov(RSI, at(RDI, TO));
        a.mov(R8, at(RDI, TO_ROW));
        a.mov(RCX, at(RDI, ROWS));
        Label row = a.here();
        for (int channel = 0; channel < headSize; channel += lanes.count()) {
            int register = channel / lanes.count() % REGISTERS;
            int offset = channel * Float.BYTES;
            if (channel + lanes.count() <= headSize) {
                lanes.load(register, at(RAX, offset));
                lanes.store(at(RSI, offset), register);
            } else {
                lanes.load(register, 0, at(RAX, offset));
                lanes.store(at(RSI, offset), 0, register);
            }
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
