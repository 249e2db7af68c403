package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import java.util.function.IntConsumer;

/**
 * Vectors that are computed side by side, so that one need not wait for another.
 *
 * @param count how many
 * @param table where the constants are
 * @param offset of the first of them
 */
record SideBySide(Lanes lanes, int count, Gpr table, int offset) {
    /** What is done with a vector and the register of a constant. */
    interface WithConstant {
        void accept(int vector, int constant);
    }

    /** Has what all vectors are computed with; masked loads and stores, before and after that, may overwrite the last register. */
    private static int constant(VectorWidth width) {
        return width.registers() - 1;
    }

    /** Registers of a slot, one a vector. */
    int[] slot(int number) {
        int[] registers = new int[count];
        for (int v = 0; v < count; v++) {
            registers[v] = number * count + v;
        }
        return registers;
    }

    /** Slots that there are registers for. */
    static int slots(VectorWidth width, int vectors) {
        return constant(width) / vectors;
    }

    void each(IntConsumer body) {
        for (int v = 0; v < count; v++) {
            body.accept(v);
        }
    }

    void with(int constant, WithConstant body) {
        int register = constant(lanes.width());
        load(register, constant);
        each(v -> body.accept(v, register));
    }

    void load(int to, int constant) {
        lanes.broadcast(to, Address.at(table, offset + constant * Float.BYTES));
    }
}
