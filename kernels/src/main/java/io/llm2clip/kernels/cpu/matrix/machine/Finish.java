package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R13;
import static io.llm2clip.kernels.cpu.machine.Gpr.R15;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes512;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.cpu.machine.expression.ExpressionAssembly;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Epilogue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The end of a {@link PanelProgram} that has summed all of k: its sums are a block in cache, rows of {@link Tiles#COLUMNS} behind each other,
 * and what the epilogue makes of them goes to the rows of the output, or rounded into panels, of which a block is a step. RDX is at the next
 * row of the block, RCX counts those that are left, RBP is at the output. R13 is the bytes from the call's first row of the output to the
 * next one, which its other operands of that shape have too; R15 is free.
 *
 * @param epilogue without literals, which are read from the call's memory
 * @param rows of a block
 * @param vectors of a row that exist, 1 or 2
 * @param packedExtras see {@link PanelShape#packedExtras}; their addresses are then as far from the output's as their elements are
 * @param packed see {@link PanelShape#packed}
 */
record Finish(Epilogue epilogue, int rows, int vectors, boolean packedExtras, int packed) {
    /** Of whatever is no result. */
    private static final int TEMPORARIES = 3;

    private static final int MAX_VECTORS = Tiles.COLUMNS / Tiles.LANES;

    static @Nullable Finish of(PanelShape shape) {
        return shape.finish() == null
                ? null
                : new Finish(shape.finish(), shape.rows(), shape.vectors(), shape.packedExtras(), shape.packed());
    }

    /** Whether there is a program for an epilogue. */
    static boolean encodes(Epilogue epilogue) {
        return ExpressionAssembly.encodes(epilogue.expression(), VectorWidth.AVX512, MAX_VECTORS);
    }

    void begin(Assembler a) {
        a.push(R13);
        a.push(R15);
        new Lanes512(a).masks(RDI, PanelCall.COLUMNS_LOW);
        a.mov(R13, 0);
        a.mov(RCX, 0);
    }

    /** Of the block at R9, at once. */
    void append(Assembler a) {
        take(a);
        Label row = a.here();
        row(a);
        a.jnz(row);
    }

    /** Takes the block at R9, whose rows are to follow. */
    void take(Assembler a) {
        a.mov(RDX, R9);
        a.mov(RCX, rows);
        a.mov(RBP, at(RDI, PanelCall.OUT));
        if (packed > 0) {
            a.mov(R15, at(RDI, PanelCall.OUT_PANEL));
            a.add(R15, RBP);
            a.mov(at(RDI, PanelCall.OUT), R15);
        }
    }

    /** A row of what was taken; the last result is that there is none left, or not. */
    void row(Assembler a) {
        Lanes512 lanes = new Lanes512(a);
        int[] results = ExpressionAssembly.append(
                lanes,
                epilogue.expression(),
                vectors,
                RDI,
                PanelCall.CONSTANTS,
                (input, to) -> load(a, lanes, input, to));
        if (packed > 0) {
            pack(a, lanes, results);
        } else {
            for (int v = 0; v < vectors; v++) {
                lanes.store(at(RBP, R13, v * Tiles.ROW), v, results[v]);
            }
            a.mov(R15, RBP);
            fetch(a);
        }
        a.add(RDX, PanelCall.BLOCK_ROW);
        a.add(R13, at(RDI, PanelCall.OUT_ROW));
        a.sub(RCX, 1);
    }

    /** Writes a row of a step, with zeros for columns that do not exist. */
    private void pack(Assembler a, Lanes512 lanes, int[] results) {
        int[] free = IntStream.range(0, results.length + TEMPORARIES)
                .filter(register -> IntStream.of(results).noneMatch(result -> result == register))
                .toArray();
        int zero = free[0];
        lanes.clear(zero);
        for (int v = 0; v < vectors; v++) {
            lanes.keep(results[v], v, results[v], zero);
        }
        int upper = vectors == 2 ? results[1] : zero;
        Bf16Rounding rounding =
                new Bf16Rounding(a, new Zmm(results[0]), new Zmm(upper), new Zmm(free[1]), new Zmm(free[2]));
        rounding.round();
        a.vmovups(at(RBP, 0), Mask.ALL, rounding.rounded());
        for (int part = 1; part < packed; part++) {
            rounding.left();
            a.vmovups(at(RBP, part * rows * Tiles.ROW), Mask.ALL, rounding.rounded());
        }
        a.add(RBP, Tiles.ROW);
    }

    private void load(Assembler a, Lanes512 lanes, int input, int[] to) {
        if (input > 0) {
            a.mov(R15, at(RDI, PanelCall.EXTRAS + (input - 1) * Long.BYTES));
        }
        for (int v = 0; v < vectors; v++) {
            if (input == 0) {
                lanes.load(to[v], at(RDX, v * Tiles.ROW));
                continue;
            }
            switch (epilogue.extras().get(input - 1)) {
                case FULL -> {
                    if (packedExtras) {
                        lanes.loadBf16(to[v], at(R15, RBP, v * Tiles.ROW / 2));
                    } else {
                        lanes.load(to[v], v, at(R15, R13, v * Tiles.ROW));
                    }
                }
                case ROW -> lanes.load(to[v], v, at(R15, v * Tiles.ROW));
                case SCALAR -> lanes.broadcast(to[v], at(R15, 0));
            }
        }
        if (input > 0 && epilogue.extras().get(input - 1) == Broadcast.FULL && !packedExtras) {
            fetch(a);
        }
    }

    /** A row some ahead of that at R15: no CPU foresees parts of rows that are far from each other. */
    private void fetch(Assembler a) {
        a.add(R15, at(RDI, PanelCall.AHEAD));
        for (int v = 0; v < vectors; v++) {
            a.prefetcht1(at(R15, R13, v * Tiles.ROW));
        }
    }

    void end(Assembler a) {
        a.pop(R15);
        a.pop(R13);
    }
}
