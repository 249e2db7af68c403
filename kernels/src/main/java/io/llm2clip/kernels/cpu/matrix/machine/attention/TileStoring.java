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

/** How results of a block, divided by the sums of their weights, leave scratch memory: as f32 rows. */
final class TileStoring {
    private static final Mask REST = new Mask(1);
    private static final Zmm ONE = new Zmm(16);
    private static final Zmm INVERSE = new Zmm(17);
    private static final int REGISTERS = 8;

    private TileStoring() {}

    static byte[] outputs(TileShape shape) {
        Assembler a = new Assembler();
        int rest = shape.headSize() % TileShape.LANES;
        a.mov(RAX, (1 << rest) - 1);
        a.kmovw(REST, RAX);
        a.vbroadcastss(ONE, at(RDI, HeadCall.COEFFICIENTS + (HeadCall.POLYNOMIAL.length - 1) * Float.BYTES));
        a.lea(RAX, at(RDI, shape.outputs()));
        a.mov(RDX, at(RDI, HeadCall.STATISTICS));
        a.mov(RSI, at(RDI, HeadCall.MATRIX));
        a.mov(R8, at(RDI, HeadCall.MATRIX_ROW));
        a.mov(RCX, at(RDI, HeadCall.ROWS));
        Label row = a.here();
        a.vbroadcastss(INVERSE, at(RDX, TileShape.SUMS));
        a.vdivps(INVERSE, ONE, INVERSE);
        for (int channel = 0; channel < shape.headSize(); channel += TileShape.LANES) {
            Mask lanes = channel + TileShape.LANES <= shape.headSize() ? Mask.ALL : REST;
            Zmm register = new Zmm(channel / TileShape.LANES % REGISTERS);
            a.vmulps(register, INVERSE, at(RAX, channel * Float.BYTES));
            a.vmovups(at(RSI, channel * Float.BYTES), lanes, register);
        }
        a.add(RAX, shape.outputRow());
        a.add(RDX, Float.BYTES);
        a.add(RSI, R8);
        a.sub(RCX, 1);
        a.jnz(row);
        a.vzeroupper();
        a.ret();
        return a.code();
    }
}
