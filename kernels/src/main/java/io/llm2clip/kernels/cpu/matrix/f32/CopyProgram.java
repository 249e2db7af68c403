package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;

/**
 * Copies lanes that are adjacent in memory, of one k after the other, to {@code [k][vectors]}, with zeros for those that do not exist; stores as
 * {@link TransposeProgram} does. Rows are often pages apart, where CPUs fetch nothing ahead by themselves. The argument is the address of a
 * {@link PackCall}.
 */
final class CopyProgram {
    /** Values of k that memory is fetched ahead. */
    private static final int AHEAD = 16;

    private static final int LINE = 64;

    private final Assembler a = new Assembler();
    private final Lanes lanes;
    private final int vectors;

    CopyProgram(FloatWidth width, int vectors) {
        lanes = width.lanes(a);
        this.vectors = vectors;
    }

    byte[] encode() {
        lanes.masks(RDI, PackCall.MASKS);
        a.mov(R8, at(RDI, PackCall.FROM));
        a.mov(RCX, at(RDI, PackCall.STRIDE));
        a.mov(RDX, at(RDI, PackCall.TO));
        a.mov(RSI, at(RDI, PackCall.TO_ROW));
        a.mov(R10, at(RDI, PackCall.STEPS));
        a.mov(R11, RCX);
        a.shl(R11, Integer.numberOfTrailingZeros(AHEAD));
        Label done = a.label();
        a.test(R10, R10);
        a.jz(done);
        Label again = a.here();
        for (int offset = 0; offset < vectors * lanes.bytes; offset += LINE) {
            a.prefetcht0(at(R8, R11, offset));
        }
        for (int v = 0; v < vectors; v++) {
            lanes.load(v, v, at(R8, v * lanes.bytes));
        }
        for (int v = 0; v < vectors; v++) {
            lanes.store(at(RDX, v * lanes.bytes), v);
        }
        a.add(R8, RCX);
        a.add(RDX, RSI);
        a.sub(R10, 1);
        a.jnz(again);
        a.bind(done);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
