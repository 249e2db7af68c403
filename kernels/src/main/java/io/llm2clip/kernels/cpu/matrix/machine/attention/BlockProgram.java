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
import static io.llm2clip.kernels.cpu.matrix.machine.attention.BlockShape.VECTOR;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Encodes the attention of a block of queries of one head over all keys that any of them sees, chunk by chunk with a running softmax. Each
 * query has a lane of its own: keys and values are read one element at a time, in all lanes, and need no layout; greatest scores and
 * sums are taken across rows, not within vectors. Each lane is computed in an order that depends on its keys only.
 *
 * <p>R10 is the scratch memory, R12 the description of the chunk, R8 its keys, R9 its values.
 */
final class BlockProgram {
    private static final Gpr[] KEPT = {RBX, RBP, R12, R13, R14};
    private static final Mask SEEN = new Mask(1);

    private final Assembler a = new Assembler();
    private final BlockShape shape;
    private final LaneProducts products;
    private final int row;
    private final int headSize;
    private final int keyRow;

    private BlockProgram(BlockShape shape) {
        this.shape = shape;
        products = new LaneProducts(a, shape);
        row = shape.row();
        headSize = shape.headSize();
        keyRow = shape.keyRow();
    }

    static byte[] encode(BlockShape shape, boolean packed) {
        return new BlockProgram(shape).encode(packed);
    }

    private byte[] encode(boolean packed) {
        SoftmaxCode softmax = new SoftmaxCode(a, shape);
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
        Zmm zero = new Zmm(0);
        a.vpxord(zero, zero, zero);
        a.lea(RAX, at(R10, shape.outputs()));
        a.mov(RCX, headSize);
        Label channel = a.here();
        for (int v = 0; v < shape.vectors(); v++) {
            a.vmovups(at(RAX, v * VECTOR), Mask.ALL, zero);
        }
        a.add(RAX, row);
        a.sub(RCX, 1);
        a.jnz(channel);
    }

    /** Adds the chunk's values, by their weights, to the outputs so far. */
    private void outputs() {
        a.lea(RBX, at(R10, shape.outputs()));
        a.mov(R14, R9);
        if (headSize >= LaneProducts.TILE) {
            a.mov(RBP, headSize / LaneProducts.TILE);
            Label tile = a.here();
            outputs(LaneProducts.TILE);
            a.add(RBX, LaneProducts.TILE * row);
            a.add(R14, LaneProducts.TILE * Float.BYTES);
            a.sub(RBP, 1);
            a.jnz(tile);
        }
        if (headSize % LaneProducts.TILE > 0) {
            outputs(headSize % LaneProducts.TILE);
        }
    }

    /** Of some channels: outputs at RBX, values at R14. */
    private void outputs(int channels) {
        for (int channel = 0; channel < channels; channel++) {
            for (int v = 0; v < shape.vectors(); v++) {
                a.vmulps(products.sum(channel, v), SoftmaxCode.correction(v), at(RBX, channel * row + v * VECTOR));
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

    /** Values of a key that some queries do not see, whose lanes stay: 0 times what is not finite would be NaN. */
    private void maskedKey(int channels) {
        products.lanes(0);
        for (int v = 0; v < shape.vectors(); v++) {
            a.kmovw(SEEN, at(RDX, v * Short.BYTES));
            for (int channel = 0; channel < channels; channel++) {
                Zmm value = LaneProducts.element(channel);
                a.vbroadcastss(value, at(RAX, channel * Float.BYTES));
                a.vfmadd231ps(products.sum(channel, v), SEEN, value, LaneProducts.lane(v));
            }
        }
        a.add(RAX, keyRow);
        a.add(RSI, row);
        a.add(RDX, Long.BYTES);
    }
}
