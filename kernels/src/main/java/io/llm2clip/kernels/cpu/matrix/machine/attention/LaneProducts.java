package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;
import static io.llm2clip.kernels.cpu.matrix.machine.attention.BlockShape.VECTOR;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Products of which each query has a lane: the other factor is read one element at a time, in all lanes. R10 is the scratch memory, R12 the
 * description of the keys. Registers from 24 on are factors, those below sums.
 */
final class LaneProducts {
    /** Keys, or channels, whose sums are in registers at a time. */
    static final int TILE = 8;
    /** Channels, or keys, of an iteration. */
    static final int UNROLLED = 4;

    private final Assembler a;
    private final BlockShape shape;

    LaneProducts(Assembler a, BlockShape shape) {
        this.a = a;
        this.shape = shape;
    }

    /** Rows of keys or values at R8, by the lanes at an offset of the scratch memory, summed over the channels, to R11. */
    void byKey(int lanes) {
        Loops.times(a, RCX, at(R12, BlockCall.EIGHTS), () -> byKey(TILE, lanes));
        Loops.times(a, RCX, at(R12, BlockCall.FOURS), () -> byKey(TILE / 2, lanes));
        Loops.times(a, RCX, at(R12, BlockCall.ONES), () -> byKey(1, lanes));
    }

    private void byKey(int keys, int lanes) {
        clear(keys);
        a.mov(RAX, R8);
        a.lea(RSI, at(R10, lanes));
        if (shape.headSize() >= UNROLLED) {
            a.mov(RDX, shape.headSize() / UNROLLED);
            Label step = a.here();
            for (int channel = 0; channel < UNROLLED; channel++) {
                channel(keys, channel);
            }
            a.add(RAX, UNROLLED * Float.BYTES);
            a.add(RSI, UNROLLED * shape.row());
            a.sub(RDX, 1);
            a.jnz(step);
        }
        for (int channel = 0; channel < shape.headSize() % UNROLLED; channel++) {
            channel(keys, channel);
        }
        store(R11, keys);
        a.add(R8, keys * shape.keyRow());
        a.add(R11, keys * shape.row());
    }

    private void channel(int keys, int channel) {
        lanes(channel);
        for (int key = 0; key < keys; key++) {
            multiply(key, at(RAX, key * shape.keyRow() + channel * Float.BYTES));
        }
    }

    void clear(int sums) {
        for (int index = 0; index < sums; index++) {
            for (int v = 0; v < shape.vectors(); v++) {
                a.vpxord(sum(index, v), sum(index, v), sum(index, v));
            }
        }
    }

    void store(Gpr to, int sums) {
        for (int index = 0; index < sums; index++) {
            for (int v = 0; v < shape.vectors(); v++) {
                a.vmovups(at(to, index * shape.row() + v * VECTOR), Mask.ALL, sum(index, v));
            }
        }
    }

    /** Loads a row of all lanes, so many behind RSI. */
    void lanes(int index) {
        for (int v = 0; v < shape.vectors(); v++) {
            a.vmovups(lane(v), Mask.ALL, at(RSI, index * shape.row() + v * VECTOR));
        }
    }

    /** Adds the loaded lanes times an element to the sums of a key or channel. */
    void multiply(int index, Address element) {
        if (shape.vectors() == 1) {
            a.vfmadd231psBroadcast(sum(index, 0), lane(0), element);
            return;
        }
        a.vbroadcastss(element(index), element);
        for (int v = 0; v < shape.vectors(); v++) {
            a.vfmadd231ps(sum(index, v), element(index), lane(v));
        }
    }

    Zmm sum(int index, int vector) {
        return new Zmm(index * shape.vectors() + vector);
    }

    static Zmm lane(int vector) {
        return new Zmm(24 + vector);
    }

    /** Two registers in turn, so that the next element need not wait. */
    static Zmm element(int index) {
        return new Zmm(27 + index % 2);
    }
}
