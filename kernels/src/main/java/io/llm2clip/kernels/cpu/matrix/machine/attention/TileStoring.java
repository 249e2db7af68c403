package io.llm2clip.kernels.cpu.matrix.machine.attention;

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
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/** How results of a block, divided by the sums of their weights, leave scratch memory. */
final class TileStoring {
    private static final Mask REST = new Mask(1);
    private static final Zmm ONE = new Zmm(16);
    private static final Zmm INVERSE = new Zmm(17);
    private static final int REGISTERS = 8;

    private TileStoring() {}

    /** As f32 rows. */
    static byte[] outputs(TileShape shape) {
        Assembler a = new Assembler();
        int rest = shape.headSize() % TileShape.LANES;
        a.mov(RAX, (1 << rest) - 1);
        a.kmovw(REST, RAX);
        rows(a, shape, () -> {
            for (int channel = 0; channel < shape.headSize(); channel += TileShape.LANES) {
                Mask lanes = channel + TileShape.LANES <= shape.headSize() ? Mask.ALL : REST;
                Zmm register = new Zmm(channel / TileShape.LANES % REGISTERS);
                a.vmulps(register, INVERSE, at(RAX, channel * Float.BYTES));
                a.vmovups(at(RSI, channel * Float.BYTES), lanes, register);
            }
            a.add(RSI, R8);
        });
        return a.code();
    }

    /** As rows of a panel, of which R8 is the bytes of a step. */
    static byte[] packedOutputs(TileShape shape) {
        Assembler a = new Assembler();
        rows(a, shape, () -> {
            a.mov(R9, RSI);
            for (int step = 0; step < shape.steps(); step++) {
                Zmm lower = new Zmm(2 * step % REGISTERS);
                Zmm upper = new Zmm(2 * step % REGISTERS + 1);
                a.vmulps(lower, INVERSE, at(RAX, step * TileShape.FLOATS));
                a.vmulps(upper, INVERSE, at(RAX, step * TileShape.FLOATS + TileShape.ROW));
                a.vcvtne2ps2bf16(lower, upper, lower);
                a.vmovups(at(R9, 0), Mask.ALL, lower);
                a.add(R9, R8);
            }
            a.add(RSI, TileShape.ROW);
        });
        return a.code();
    }

    /** For each query: RAX at its results, INVERSE the inverse of the sum of its weights, RSI where it goes. */
    private static void rows(Assembler a, TileShape shape, Runnable row) {
        a.vbroadcastss(ONE, at(RDI, HeadCall.COEFFICIENTS + (HeadCall.POLYNOMIAL.length - 1) * Float.BYTES));
        a.mov(RAX, at(RDI, HeadCall.FROM));
        a.mov(RDX, at(RDI, HeadCall.STATISTICS));
        a.mov(RSI, at(RDI, HeadCall.MATRIX));
        a.mov(R8, at(RDI, HeadCall.MATRIX_ROW));
        a.mov(RCX, at(RDI, HeadCall.ROWS));
        Label again = a.here();
        a.vbroadcastss(INVERSE, at(RDX, TileShape.SUMS));
        a.vdivps(INVERSE, ONE, INVERSE);
        row.run();
        a.add(RAX, shape.outputRow());
        a.add(RDX, Float.BYTES);
        a.sub(RCX, 1);
        a.jnz(again);
        a.vzeroupper();
        a.ret();
    }
}
