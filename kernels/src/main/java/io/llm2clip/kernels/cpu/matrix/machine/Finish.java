package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R13;
import static io.llm2clip.kernels.cpu.machine.Gpr.R15;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.cpu.matrix.machine.expression.ExpressionCode;
import io.llm2clip.kernels.operations.Epilogue;
import org.jspecify.annotations.Nullable;

/**
 * The end of a {@link PanelProgram} that has summed all of k: its sums are a block in the first level of cache, rows of {@link Tiles#COLUMNS}
 * behind each other, and what the epilogue makes of them goes to the rows of the output. R13 is the bytes from the call's first row of the
 * output to the block's, which its other operands of that shape have too; R15 the bytes of a row.
 *
 * @param epilogue without literals, which are read from the call's memory
 * @param rows of a block
 * @param vectors of a row that exist, 1 or 2
 */
record Finish(Epilogue epilogue, int rows, int vectors) {
    private static final Mask[] COLUMNS = {new Mask(1), new Mask(2)};

    static @Nullable Finish of(PanelShape shape) {
        return shape.finish() == null ? null : new Finish(shape.finish(), shape.rows(), shape.vectors());
    }

    /** Whether there is a program for an epilogue. */
    static boolean encodes(Epilogue epilogue) {
        return ExpressionCode.encodes(epilogue.expression());
    }

    void begin(Assembler a) {
        a.push(R13);
        a.push(R15);
        a.mov(RAX, at(RDI, PanelCall.COLUMNS_LOW));
        a.kmovw(COLUMNS[0], RAX);
        a.mov(RAX, at(RDI, PanelCall.COLUMNS_HIGH));
        a.kmovw(COLUMNS[1], RAX);
        a.mov(R13, 0);
        a.mov(R15, at(RDI, PanelCall.OUT_ROW));
    }

    /** Of the block at R9. */
    void append(Assembler a) {
        a.mov(RSI, R9);
        a.mov(RBX, rows);
        Label row = a.here();
        Zmm[] results = ExpressionCode.append(
                a, epilogue.expression(), vectors, RDI, PanelCall.CONSTANTS, (input, to) -> load(a, input, to));
        a.mov(RAX, at(RDI, PanelCall.OUT));
        for (int v = 0; v < vectors; v++) {
            a.vmovups(at(RAX, R13, v * Tiles.ROW), COLUMNS[v], results[v]);
        }
        a.add(RSI, PanelCall.BLOCK_ROW);
        a.add(R13, R15);
        a.sub(RBX, 1);
        a.jnz(row);
    }

    private void load(Assembler a, int input, Zmm[] to) {
        if (input > 0) {
            a.mov(RAX, at(RDI, PanelCall.EXTRAS + (input - 1) * Long.BYTES));
        }
        for (int v = 0; v < vectors; v++) {
            if (input == 0) {
                a.vmovups(to[v], Mask.ALL, at(RSI, v * Tiles.ROW));
                continue;
            }
            switch (epilogue.extras().get(input - 1)) {
                case FULL -> a.vmovups(to[v], COLUMNS[v], at(RAX, R13, v * Tiles.ROW));
                case ROW -> a.vmovups(to[v], COLUMNS[v], at(RAX, v * Tiles.ROW));
                case SCALAR -> a.vbroadcastss(to[v], at(RAX, 0));
            }
        }
    }

    void end(Assembler a) {
        a.pop(R15);
        a.pop(R13);
    }
}
