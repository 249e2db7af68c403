package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;

/**
 * The loops of what quantizes rows of A in blocks of 32: a block's scale is its greatest magnitude / 127, and its numbers are the nearest
 * multiples, ties to even. Of a block with NaN the scale is NaN; so are the sums then.
 */
final class QuantizeProgram {

    /** What a block becomes. RAX is at its 32 f32; its numbers go to RSI, its scale to RBP, and what is added to RBP + RCX. */
    interface Quantizer {
        /** Sets constants, from the call at RDI. */
        void enter(Assembler a);

        void block(Assembler a);
    }

    private final Assembler a = new Assembler();
    private final Quantizer quantizer;

    QuantizeProgram(Quantizer quantizer) {
        this.quantizer = quantizer;
    }

    byte[] encode() {
        a.push(RBX);
        a.push(RBP);
        quantizer.enter(a);
        a.mov(R8, at(RDI, QuantizeCall.FROM));
        a.mov(R9, at(RDI, QuantizeCall.TO));
        a.mov(R10, at(RDI, QuantizeCall.ROWS));
        a.mov(R11, R9);
        a.add(R11, at(RDI, QuantizeCall.TO_SCALES));
        a.mov(RCX, at(RDI, QuantizeCall.TO_ADDENDS));
        a.mov(RDX, at(RDI, QuantizeCall.TO_STEP));
        Label row = a.here();
        a.mov(RAX, R8);
        a.mov(RSI, R9);
        a.mov(RBP, R11);
        a.mov(RBX, at(RDI, QuantizeCall.STEPS));
        Label step = a.here();
        quantizer.block(a);
        a.add(RAX, Tiles.STEP * Float.BYTES);
        a.add(RSI, RDX);
        a.add(RBP, RDX);
        a.sub(RBX, 1);
        a.jnz(step);
        a.add(R8, at(RDI, QuantizeCall.FROM_ROW));
        a.add(R9, Tiles.STEP);
        a.add(R11, Float.BYTES);
        a.sub(R10, 1);
        a.jnz(row);
        a.vzeroupper();
        a.pop(RBP);
        a.pop(RBX);
        a.ret();
        return a.code();
    }
}
