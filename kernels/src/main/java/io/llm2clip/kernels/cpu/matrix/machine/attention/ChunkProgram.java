package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R13;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Tile;

/**
 * Encodes the attention of a block of queries to a chunk of keys: scores, their softmax, and values by the weights, each of all keys of the
 * chunk. 2 x 2 tiles of sums, or 1 x 2 of a block of up to 16 queries. RDI is the {@link HeadCall}.
 */
final class ChunkProgram {
    private static final Gpr[] KEPT = {RBX, R12, R13};

    private final Assembler a = new Assembler();
    private final TileShape shape;
    /** Tiles of queries. */
    private final int below;

    private ChunkProgram(TileShape shape, int below) {
        this.shape = shape;
        this.below = below;
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
        scores();
        new TileSoftmax(a, shape).encode();
        outputs();
        a.tilerelease();
        a.vzeroupper();
        for (int i = KEPT.length - 1; i >= 0; i--) {
            a.pop(KEPT[i]);
        }
        a.ret();
        return a.code();
    }

    /** Queries by keys, a panel of 32 keys after the other. R8 is at the keys, R9 at the scores. */
    private void scores() {
        a.mov(R13, TileShape.FLOATS);
        a.mov(R8, at(RDI, HeadCall.KEYS));
        a.lea(R9, at(RDI, shape.scores()));
        Loops.times(a, RCX, at(RDI, HeadCall.PANELS), () -> {
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
            a.add(R8, shape.panel());
            a.add(R9, TileShape.SCORES);
        });
    }

    /** Weights by values, added to earlier results; 32 channels after the other. R8 is at the values, R9 at the results. */
    private void outputs() {
        a.mov(R13, shape.outputRow());
        a.mov(R8, at(RDI, HeadCall.VALUES));
        a.lea(R9, at(RDI, shape.outputs()));
        a.mov(RBX, shape.steps());
        Label step = a.here();
        begin();
        a.mov(RAX, R8);
        a.lea(RSI, at(RDI, shape.weights()));
        Loops.times(a, RCX, at(RDI, HeadCall.PANELS), () -> {
            for (int y = 0; y < below; y++) {
                a.tileloadd(left(y), at(RSI, R12, y * TileShape.TILE));
            }
            for (int x = 0; x < 2; x++) {
                a.tileloadd(right(x), at(RAX, R12, x * TileShape.TILE));
            }
            multiply();
            a.add(RSI, TileShape.WEIGHTS);
            a.add(RAX, shape.panel());
        });
        for (int y = 0; y < below; y++) {
            for (int x = 0; x < 2; x++) {
                a.tilestored(at(R9, R13, outputs(y, x)), sum(y, x));
            }
        }
        a.add(R8, 2 * TileShape.TILE);
        a.add(R9, TileShape.FLOATS);
        a.sub(RBX, 1);
        a.jnz(step);
    }

    /** Sums begin as the results so far, or as 0. */
    private void begin() {
        Label first = a.label();
        Label begun = a.label();
        a.mov(RAX, at(RDI, HeadCall.CONTINUED));
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
