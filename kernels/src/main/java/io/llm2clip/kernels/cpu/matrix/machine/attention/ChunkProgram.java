package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R13;
import static io.llm2clip.kernels.cpu.machine.Gpr.R14;
import static io.llm2clip.kernels.cpu.machine.Gpr.R15;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Tile;

/**
 * Encodes a step of attention, which is at three chunks at a time: it multiplies the values of one by its weights, computes the weights of the
 * next one from its scores, and the scores of the one after that. Tiles do the products while vectors have the softmax, a row of it
 * behind each panel. 2 x 2 tiles of sums, or 1 x 2 of blocks of up to 16 queries. RDI is the {@link HeadCall}.
 */
final class ChunkProgram {
    private static final Gpr[] KEPT = {RBX, R12, R13, R14, R15};

    private final Assembler a = new Assembler();
    private final TileShape shape;
    /** Tiles of queries. */
    private final int below;

    private final TileSoftmax softmax;

    private ChunkProgram(TileShape shape, int below) {
        this.shape = shape;
        this.below = below;
        softmax = new TileSoftmax(a, shape);
    }

    /**
     * Encodes it.
     *
     * @param below tiles of queries, 1 or 2
     */
    static byte[] encode(TileShape shape, int below) {
        return new ChunkProgram(shape, below).encode();
    }

    private byte[] encode() {
        for (Gpr kept : KEPT) {
            a.push(kept);
        }
        a.ldtilecfg(at(RDI, HeadCall.TILES));
        a.mov(R12, TileShape.ROW);
        softmax.begin();
        outputs();
        softmax.finishGreatest();
        scores();
        softmax.finishWeights();
        a.tilerelease();
        a.vzeroupper();
        for (int i = KEPT.length - 1; i >= 0; i--) {
            a.pop(KEPT[i]);
        }
        a.ret();
        softmax.functions();
        return a.code();
    }

    /** Queries by keys, a panel of 32 keys after the other. R8 is at the keys, R9 at the scores. */
    private void scores() {
        a.mov(R13, TileShape.FLOATS);
        a.mov(R8, at(RDI, HeadCall.KEYS));
        a.mov(R9, at(RDI, HeadCall.SCORES_TO));
        Loops.times(a, RBX, at(RDI, HeadCall.KEY_PANELS), () -> {
            clear();
            for (int step = 0; step < shape.steps(); step++) {
                for (int y = 0; y < below; y++) {
                    a.tileloadd(left(y), at(RDI, R12, TileShape.QUERIES + (2 * step + y) * TileShape.TILE));
                }
                for (int x = 0; x < 2; x++) {
                    a.tileloadd(right(x), at(R8, R12, (x * shape.steps() + step) * TileShape.TILE));
                }
                multiply();
            }
            for (int y = 0; y < below; y++) {
                for (int x = 0; x < 2; x++) {
                    int offset = y * TileShape.LANES * TileShape.FLOATS + x * TileShape.ROW;
                    a.tilestored(at(R9, R13, offset), sum(y, x));
                }
            }
            softmax.weightsOfRow();
            a.add(R8, shape.panel());
            a.add(R9, TileShape.SCORES);
        });
    }

    /** Weights by values, added to earlier results; 32 channels after the other. R8 is at the values, R9 at the results. */
    private void outputs() {
        Label end = a.label();
        a.mov(RBX, at(RDI, HeadCall.VALUE_PANELS));
        a.test(RBX, RBX);
        a.jz(end);
        a.mov(R13, shape.outputRow());
        a.lea(R9, at(RDI, shape.outputs()));
        for (int step = 0; step < shape.steps(); step++) {
            beginSums();
            a.mov(R8, at(RDI, HeadCall.VALUES));
            a.mov(RSI, at(RDI, HeadCall.WEIGHTS));
            a.add(R8, step * 2 * TileShape.TILE);
            Loops.times(a, RBX, at(RDI, HeadCall.VALUE_PANELS), () -> {
                for (int y = 0; y < below; y++) {
                    a.tileloadd(left(y), at(RSI, R12, y * TileShape.TILE));
                }
                for (int x = 0; x < 2; x++) {
                    a.tileloadd(right(x), at(R8, R12, x * TileShape.TILE));
                }
                multiply();
                softmax.greatestOfRow();
                a.add(RSI, TileShape.WEIGHTS);
                a.add(R8, shape.panel());
            });
            for (int y = 0; y < below; y++) {
                for (int x = 0; x < 2; x++) {
                    a.tilestored(at(R9, R13, outputs(y, x)), sum(y, x));
                }
            }
            a.add(R9, TileShape.FLOATS);
        }
        a.bind(end);
    }

    /** Sums begin as the results so far, or as 0. */
    private void beginSums() {
        Label first = a.label();
        Label begun = a.label();
        a.mov(RAX, at(RDI, HeadCall.ADDED));
        a.test(RAX, RAX);
        a.jz(first);
        for (int y = 0; y < below; y++) {
            for (int x = 0; x < 2; x++) {
                a.tileloadd(sum(y, x), at(R9, R13, outputs(y, x)));
            }
        }
        a.jmp(begun);
        a.bind(first);
        clear();
        a.bind(begun);
    }

    private int outputs(int y, int x) {
        return y * TileShape.LANES * shape.outputRow() + x * TileShape.ROW;
    }

    private void clear() {
        for (int y = 0; y < below; y++) {
            for (int x = 0; x < 2; x++) {
                a.tilezero(sum(y, x));
            }
        }
    }

    private void multiply() {
        for (int x = 0; x < 2; x++) {
            for (int y = 0; y < below; y++) {
                a.tdpbf16ps(sum(y, x), left(y), right(x));
            }
        }
    }

    private static Tile sum(int y, int x) {
        return new Tile(2 * y + x);
    }

    private static Tile left(int y) {
        return new Tile(4 + y);
    }

    private static Tile right(int x) {
        return new Tile(6 + x);
    }
}
