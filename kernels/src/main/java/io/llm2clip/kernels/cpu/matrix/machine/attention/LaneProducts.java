package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R14;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;
import java.util.function.IntConsumer;

/**
 * Products of which each query has a lane: the other factor is read one element at a time, in all lanes. R10 is the scratch memory, R12 the
 * description of the keys. The first three quarters of the registers are sums, the others factors.
 */
final class LaneProducts {
    /** Channels, or keys, of an iteration. */
    static final int UNROLLED = 4;

    private final Assembler a;
    private final BlockShape shape;
    private final Lanes lanes;
    private final int factors;

    LaneProducts(Assembler a, BlockShape shape) {
        this.a = a;
        this.shape = shape;
        lanes = shape.lanes(a);
        factors = shape.width().registers() / 4 * 3;
    }

    /** Rows of keys or values at R8, by rows of lanes at an offset of the scratch memory, summed over the channels, to R11. */
    void byKey(int rows) {
        Loops.times(a, RCX, at(R12, BlockCall.TILES), () -> byKey(shape.tile(), rows));
        Loops.times(a, RCX, at(R12, BlockCall.HALVES), () -> byKey(shape.tile() / 2, rows));
        Loops.times(a, RCX, at(R12, BlockCall.ONES), () -> byKey(1, rows));
    }

    private void byKey(int keys, int rows) {
        clear(keys);
        a.mov(RAX, R8);
        a.lea(RSI, at(R10, rows));
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

    /** Has code for some channels written, a tile at a time, until all are done: results at RBX, elements of the first key at R14. */
    void byChannels(IntConsumer some) {
        int tile = shape.tile();
        if (shape.headSize() >= tile) {
            a.mov(RBP, shape.headSize() / tile);
            Label whole = a.here();
            some.accept(tile);
            a.add(RBX, tile * shape.row());
            a.add(R14, tile * Float.BYTES);
            a.sub(RBP, 1);
            a.jnz(whole);
        }
        if (shape.headSize() % tile > 0) {
            some.accept(shape.headSize() % tile);
        }
    }

    void clear(int sums) {
        for (int index = 0; index < sums; index++) {
            for (int v = 0; v < shape.vectors(); v++) {
                lanes.clear(sum(index, v));
            }
        }
    }

    void store(Gpr to, int sums) {
        for (int index = 0; index < sums; index++) {
            for (int v = 0; v < shape.vectors(); v++) {
                lanes.store(at(to, index * shape.row() + v * shape.vector()), sum(index, v));
            }
        }
    }

    /** Loads a row of all lanes, so many behind RSI. */
    void lanes(int index) {
        for (int v = 0; v < shape.vectors(); v++) {
            lanes.load(lane(v), at(RSI, index * shape.row() + v * shape.vector()));
        }
    }

    /** Adds the loaded lanes times an element to the sums of a key or channel. */
    void multiply(int index, Address element) {
        if (shape.vectors() == 1) {
            lanes.multiplyAdd(sum(index, 0), lane(0), element, element(index));
            return;
        }
        lanes.broadcast(element(index), element);
        for (int v = 0; v < shape.vectors(); v++) {
            lanes.multiplyAdd(sum(index, v), element(index), lane(v));
        }
    }

    int sum(int index, int vector) {
        return index * shape.vectors() + vector;
    }

    int lane(int vector) {
        return factors + vector;
    }

    /** Two registers in turn where there are as many, so that the next element need not wait. */
    int element(int index) {
        int first = lane(BlockShape.MOST_VECTORS);
        return Math.min(first + index % 2, shape.width().registers() - 1);
    }
}
