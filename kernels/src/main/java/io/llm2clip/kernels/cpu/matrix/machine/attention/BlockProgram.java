package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R13;
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

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;

/**
 * Encodes the attention of a block of queries of one head over all keys that any of them sees, chunk by chunk with a running softmax. Each
 * query has a lane of its own: keys and values are read one element at a time, in all lanes, and need no layout; greatest scores and
 * sums are taken across rows, not within vectors. Each lane is computed in an order that depends on its keys only.
 *
 * <p>R10 is the scratch memory, R12 the description of the chunk, R8 its keys, R9 its values.
 */
final class BlockProgram {
    private static final Gpr[] KEPT = {RBX, RBP, R12, R13, R14};

    private final Assembler a = new Assembler();
    private final BlockShape shape;
    private final Lanes lanes;
    private final LaneProducts products;
    private final SoftmaxCode softmax;
    private final SeenLanes seen;
    private final int row;
    private final int headSize;
    private final int keyRow;

    private BlockProgram(BlockShape shape) {
        this.shape = shape;
        lanes = shape.lanes(a);
        products = new LaneProducts(a, shape);
        softmax = new SoftmaxCode(a, shape);
        seen = new SeenLanes(a, shape.width(), RDX);
        row = shape.row();
        headSize = shape.headSize();
        keyRow = shape.keyRow();
    }

    static byte[] encode(BlockShape shape, boolean packed) {
        return new BlockProgram(shape).encode(packed);
    }

    private byte[] encode(boolean packed) {
        Transposition transposition = new Transposition(a, shape);
        for (Gpr kept : KEPT) {
            a.push(kept);
        }
        a.mov(R10, at(RDI, BlockCall.SCRATCH));
        transposition.queries();
        softmax.begin();
        clearOutputs();
        a.mov(R8, at(RDI, BlockCall.KEYS));
        a.mov(R9, at(RDI, BlockCall.VALUES));
        a.mov(R13, at(RDI, BlockCall.CHUNKS));
        a.lea(R12, at(RDI, BlockCall.CHUNK_TABLE));
        Label chunk = a.here();
        a.lea(R11, at(R10, shape.scores()));
        products.byKey(shape.queries());
        softmax.mask();
        softmax.weights();
        outputs();
        a.add(R9, BlockShape.CHUNK * keyRow);
        a.add(R12, BlockCall.CHUNK_BYTES);
        a.sub(R13, 1);
        a.jnz(chunk);
        softmax.invert();
        if (packed) {
            LaneStoring.append(a, shape);
        } else {
            transposition.outputs(true);
        }
        a.vzeroupper();
        for (int i = KEPT.length - 1; i >= 0; i--) {
            a.pop(KEPT[i]);
        }
        a.ret();
        return a.code();
    }

    /** RCX counts. */
    private void times(Address count, Runnable body) {
        Loops.times(a, RCX, count, body);
    }

    private void clearOutputs() {
        int zero = 0;
        lanes.clear(zero);
        a.lea(RAX, at(R10, shape.outputs()));
        a.mov(RCX, headSize);
        Label channel = a.here();
        for (int v = 0; v < shape.vectors(); v++) {
            lanes.store(at(RAX, v * shape.vector()), zero);
        }
        a.add(RAX, row);
        a.sub(RCX, 1);
        a.jnz(channel);
    }

    /** Adds the chunk's values, by their weights, to the outputs so far. */
    private void outputs() {
        a.lea(RBX, at(R10, shape.outputs()));
        a.mov(R14, R9);
        products.byChannels(this::outputs);
    }

    /** Of some channels: outputs at RBX, values at R14. */
    private void outputs(int channels) {
        softmax.corrections();
        for (int channel = 0; channel < channels; channel++) {
            for (int v = 0; v < shape.vectors(); v++) {
                softmax.correct(products.sum(channel, v), v, at(RBX, channel * row + v * shape.vector()));
            }
        }
        a.mov(RAX, R14);
        a.lea(RSI, at(R10, shape.scores()));
        times(at(R12, BlockCall.SEEN_FOURS), () -> {
            for (int key = 0; key < LaneProducts.UNROLLED; key++) {
                products.lanes(key);
                for (int channel = 0; channel < channels; channel++) {
                    products.multiply(channel, at(RAX, key * keyRow + channel * Float.BYTES));
                }
            }
            a.add(RAX, LaneProducts.UNROLLED * keyRow);
            a.add(RSI, LaneProducts.UNROLLED * row);
        });
        times(at(R12, BlockCall.SEEN_ONES), () -> {
            products.lanes(0);
            for (int channel = 0; channel < channels; channel++) {
                products.multiply(channel, at(RAX, channel * Float.BYTES));
            }
            a.add(RAX, keyRow);
            a.add(RSI, row);
        });
        a.mov(RDX, at(R12, BlockCall.MASKS));
        times(at(R12, BlockCall.MASKED), () -> maskedKey(channels));
        products.store(RBX, channels);
    }

    /** Values of a key that some queries do not see. */
    private void maskedKey(int channels) {
        products.lanes(0);
        for (int v = 0; v < shape.vectors(); v++) {
            seen.select(v);
            for (int channel = 0; channel < channels; channel++) {
                int value = products.element(channel);
                lanes.broadcast(value, at(RAX, channel * Float.BYTES));
                seen.multiplyAdd(v, products.sum(channel, v), value, products.lane(v));
            }
        }
        a.add(RAX, keyRow);
        a.add(RSI, row);
        seen.nextKey();
    }
}
