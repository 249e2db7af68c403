package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.VectorWidth;

/**
 * Copies lanes that are adjacent in memory, of one k after the other, to pieces {@code [k][lanes]}: to vectors of panels, with zeros for lanes that
 * do not exist, or to tiles of so many lanes only. All pieces of a k are copied before the next k, as rows are often pages apart, where CPUs fetch
 * nothing ahead by themselves and few lines of a cache are for the same place in each. Whole panels of bf16 are widened on the way. The argument is the
 * address of a {@link PackCall}.
 */
final class CopyProgram {
    /** What pieces are. */
    enum Pieces {
        /** Of a vector or less. Stores are of whole vectors, the next k being stored over what is beyond, but for the last of {@link PackCall#REST}. */
        TILES(1),
        /** Of {@link TileProgram#VECTORS}. */
        PANELS(TileProgram.VECTORS);

        private final int vectors;

        Pieces(int vectors) {
            this.vectors = vectors;
        }
    }

    /** Values of k that memory is fetched ahead. */
    private static final int AHEAD = 8;

    private static final int LINE = 64;

    private final Assembler a = new Assembler();
    private final Lanes lanes;
    private final Pieces pieces;
    private final DType format;

    /** @param format F32, or BF16 of panels all of whose columns exist */
    CopyProgram(VectorWidth width, Pieces pieces, DType format) {
        lanes = width.lanes(a);
        this.pieces = pieces;
        this.format = format;
    }

    byte[] encode() {
        a.push(RBX);
        lanes.masks(RDI, PackCall.MASKS);
        a.mov(R8, at(RDI, PackCall.FROM));
        a.mov(RCX, at(RDI, PackCall.STRIDE));
        a.mov(RDX, at(RDI, PackCall.TO));
        a.mov(RSI, at(RDI, PackCall.TO_ROW));
        a.mov(R11, RCX);
        a.shl(R11, Integer.numberOfTrailingZeros(AHEAD));
        Loops.times(a, R10, at(RDI, PackCall.STEPS), () -> row(false));
        if (pieces == Pieces.TILES) {
            Loops.times(a, R10, at(RDI, PackCall.REST), () -> row(true));
        }
        a.vzeroupper();
        a.pop(RBX);
        a.ret();
        return a.code();
    }

    /** All pieces of a k. */
    private void row(boolean masked) {
        a.mov(R9, R8);
        a.mov(RAX, RDX);
        a.mov(RBX, at(RDI, PackCall.PIECES));
        Label again = a.here();
        int bytes = (int) format.bytes((long) lanes.count());
        for (int offset = 0; offset < pieces.vectors * bytes; offset += LINE) {
            a.prefetcht0(at(R9, R11, offset));
        }
        for (int v = 0; v < pieces.vectors; v++) {
            if (format == DType.BF16) {
                lanes.loadBf16(v, at(R9, v * bytes));
            } else {
                lanes.load(v, v, at(R9, v * bytes));
            }
        }
        for (int v = 0; v < pieces.vectors; v++) {
            if (masked) {
                lanes.store(at(RAX, v * lanes.bytes()), v, v);
            } else {
                lanes.store(at(RAX, v * lanes.bytes()), v);
            }
        }
        a.add(R9, at(RDI, PackCall.FROM_PIECE));
        a.add(RAX, at(RDI, PackCall.TO_PIECE));
        a.sub(RBX, 1);
        a.jnz(again);
        a.add(R8, RCX);
        a.add(RDX, RSI);
    }
}
