package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Zmm;
import java.util.function.IntConsumer;

/**
 * Vectors that are computed side by side, so that one need not wait for another.
 *
 * @param vectors how many
 * @param table where the constants are
 * @param offset of the first of them
 */
record LaneCode(Assembler assembler, int vectors, Gpr table, int offset) {
    /** Has what all vectors are computed with. */
    private static final Zmm CONSTANT = new Zmm(31);

    /** What is done with a vector and a constant. */
    interface WithConstant {
        void accept(int vector, Zmm constant);
    }

    /** Registers of a slot, one a vector. */
    Zmm[] slot(int number) {
        Zmm[] registers = new Zmm[vectors];
        for (int v = 0; v < vectors; v++) {
            registers[v] = new Zmm(number * vectors + v);
        }
        return registers;
    }

    /** Slots that there are registers for. */
    static int slots(int vectors) {
        return CONSTANT.number() / vectors;
    }

    void each(IntConsumer body) {
        for (int v = 0; v < vectors; v++) {
            body.accept(v);
        }
    }

    void with(int constant, WithConstant body) {
        load(CONSTANT, constant);
        each(v -> body.accept(v, CONSTANT));
    }

    void load(Zmm to, int constant) {
        assembler.vbroadcastss(to, Address.at(table, offset + constant * Float.BYTES));
    }
}
