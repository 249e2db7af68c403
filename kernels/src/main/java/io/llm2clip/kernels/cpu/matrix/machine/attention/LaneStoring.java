package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R14;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;

/**
 * The end of a {@link BlockProgram} whose result goes to panels of f32: as in scratch memory, the queries of a channel lie behind each other there.
 * They are stored piece by piece, times the inverses of their sums. R10 is the scratch memory, RDI the {@link BlockCall}.
 */
final class LaneStoring {
    private static final int INVERSES = 0;
    private static final int RESULT = 1;

    private LaneStoring() {}

    static void append(Assembler a, BlockShape shape) {
        Lanes lanes = shape.lanes(a);
        a.mov(R14, at(RDI, BlockCall.PIECE_TABLE));
        Loops.times(a, RBX, at(RDI, BlockCall.PIECES), () -> {
            lanes.mask(R14, BlockCall.LANES);
            a.mov(RSI, at(R14, BlockCall.VECTOR));
            a.add(RSI, R10);
            a.mov(R9, at(R14, BlockCall.PANEL));
            a.mov(RDX, at(R14, BlockCall.PANEL_CHANNEL));
            lanes.load(INVERSES, at(RSI, shape.sums()));
            a.add(RSI, shape.outputs());
            a.mov(RCX, shape.headSize());
            Label channel = a.here();
            lanes.multiply(RESULT, INVERSES, at(RSI, 0));
            lanes.store(at(R9, 0), 0, RESULT);
            a.add(RSI, shape.row());
            a.add(R9, RDX);
            a.sub(RCX, 1);
            a.jnz(channel);
            a.add(R14, BlockCall.PIECE_BYTES);
        });
    }
}
