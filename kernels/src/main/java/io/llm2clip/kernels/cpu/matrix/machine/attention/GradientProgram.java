package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R14;
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
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;

/**
 * Encodes the gradients of a block of queries of one head: those of the queries, and what they add to those of all keys and values that any of
 * them sees. Scores, their weights, and gradients of both have a row per key and a lane per query, as in {@link BlockProgram}: a row is
 * a factor of each of the five products as it is, read whole where the result has a lane per query, and element by element where it has a row per key.
 * The argument is the address of a {@link GradientCall}; R10 is the scratch memory, R12 the description of the keys.
 */
final class GradientProgram {
    private static final Gpr[] KEPT = {RBX, RBP, R12, R14};
    /** Most keys whose sums are in registers at a time. */
    private static final int MOST_KEYS = 6;

    private final Assembler a = new Assembler();
    private final BlockShape shape;
    private final Lanes lanes;
    /** Vectors of channels of these sums, which take three quarters of the registers. */
    private final int channelVectors;

    private final LaneProducts products;
    private final Transposition transposition;

    private GradientProgram(BlockShape shape) {
        this.shape = shape;
        lanes = shape.lanes(a);
        channelVectors = shape.width().registers() / 8;
        products = new LaneProducts(a, shape);
        transposition = new Transposition(a, shape);
    }

    /** @param shape whose rows of keys are whole vectors */
    static byte[] encode(BlockShape shape) {
        return new GradientProgram(shape).encode();
    }

    private byte[] encode() {
        for (Gpr kept : KEPT) {
            a.push(kept);
        }
        a.mov(R10, at(RDI, BlockCall.SCRATCH));
        a.lea(R12, at(RDI, GradientCall.CHUNK));
        transposition.queries();
        transposition.load(GradientCall.OUTPUT_GRADIENTS, shape.outputs(), false);
        a.mov(R8, at(RDI, BlockCall.KEYS));
        a.lea(R11, at(R10, shape.scores()));
        products.byKey(shape.queries());
        a.mov(R8, at(RDI, BlockCall.VALUES));
        a.mov(R11, at(RDI, GradientCall.SCORE_GRADIENTS));
        products.byKey(shape.outputs());
        new GradientSoftmax(a, shape).encode();
        queryGradients();
        transposition.outputs(false);
        a.lea(R9, at(R10, shape.scores()));
        addByKey(GradientCall.VALUE_GRADIENTS, GradientCall.OUTPUT_GRADIENT_VECTORS);
        a.mov(R9, at(RDI, GradientCall.SCORE_GRADIENTS));
        addByKey(GradientCall.KEY_GRADIENTS, GradientCall.QUERY_VECTORS);
        a.vzeroupper();
        for (int i = KEPT.length - 1; i >= 0; i--) {
            a.pop(KEPT[i]);
        }
        a.ret();
        return a.code();
    }

    /** Keys by the gradients of their scores, to where gradients of outputs were. */
    private void queryGradients() {
        a.lea(RBX, at(R10, shape.outputs()));
        a.mov(R14, at(RDI, BlockCall.KEYS));
        products.byChannels(this::queryGradients);
    }

    /** Of some channels: keys at R14, results at RBX. */
    private void queryGradients(int channels) {
        products.clear(channels);
        a.mov(RAX, R14);
        a.mov(RSI, at(RDI, GradientCall.SCORE_GRADIENTS));
        a.mov(RCX, at(R12, BlockCall.COUNT));
        Label key = a.here();
        products.lanes(0);
        for (int channel = 0; channel < channels; channel++) {
            products.multiply(channel, at(RAX, channel * Float.BYTES));
        }
        a.add(RAX, shape.keyRow());
        a.add(RSI, shape.row());
        a.sub(RCX, 1);
        a.jnz(key);
        products.store(RBX, channels);
    }

    /**
     * For each key, rows of the queries by its lanes at R9, added to its sums.
     *
     * @param sums the field of their address
     * @param rows the field of the rows' address
     */
    private void addByKey(int sums, int rows) {
        int vectors = Math.ceilDiv(shape.headSize(), lanes.count());
        for (int from = 0; from < vectors; from += channelVectors) {
            int some = Math.min(channelVectors, vectors - from);
            a.mov(R8, at(RDI, sums));
            a.add(R8, from * lanes.bytes());
            a.mov(R11, at(RDI, rows));
            a.add(R11, from * lanes.bytes());
            a.mov(R14, R9);
            Loops.times(a, RCX, at(RDI, GradientCall.SIXES), () -> addTo(MOST_KEYS, some));
            Loops.times(a, RCX, at(RDI, GradientCall.TWOS), () -> addTo(2, some));
            Loops.times(a, RCX, at(RDI, GradientCall.ONES), () -> addTo(1, some));
        }
    }

    /** Sums at R8, lanes at R14, rows at R11. */
    private void addTo(int keys, int vectors) {
        for (int key = 0; key < keys; key++) {
            for (int v = 0; v < vectors; v++) {
                lanes.load(sum(key, v), at(R8, key * shape.keyRow() + v * lanes.bytes()));
            }
        }
        a.mov(RAX, R14);
        a.mov(RSI, R11);
        a.mov(RDX, at(RDI, GradientCall.COUNT));
        Label query = a.here();
        for (int v = 0; v < vectors; v++) {
            lanes.load(row(v), at(RSI, v * lanes.bytes()));
        }
        for (int key = 0; key < keys; key++) {
            lanes.broadcast(weight(key), at(RAX, key * shape.row()));
            for (int v = 0; v < vectors; v++) {
                lanes.multiplyAdd(sum(key, v), weight(key), row(v));
            }
        }
        a.add(RAX, Float.BYTES);
        a.add(RSI, shape.keyRow());
        a.sub(RDX, 1);
        a.jnz(query);
        for (int key = 0; key < keys; key++) {
            for (int v = 0; v < vectors; v++) {
                lanes.store(at(R8, key * shape.keyRow() + v * lanes.bytes()), sum(key, v));
            }
        }
        a.add(R8, keys * shape.keyRow());
        a.add(R14, keys * shape.row());
    }

    private int sum(int key, int vector) {
        return key * channelVectors + vector;
    }

    private int row(int vector) {
        return sum(MOST_KEYS, vector);
    }

    /** Two registers in turn, so that the next weight need not wait. */
    private int weight(int key) {
        return row(channelVectors) + key % 2;
    }
}
