package io.llm2clip.kernels.operations;

import java.util.List;

/** Rows picked from a table by index, and rows added to it. */
public sealed interface IndexOp extends KernelOp {

    /** {@code out[i] = table[index[i]]}; table is {@code [rows, columns]}, index {@code [count]}, each in {@code 0 .. rows-1}. */
    record Gather(int count, int rows, int columns) implements IndexOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("table", (long) rows * columns),
                    Operand.indices("index", count, 0, rows - 1),
                    Operand.out((long) count * columns));
        }
    }

    /** {@code out[index[i]] += in[i]}, from zero, in the order of i; {@code [count, columns] -> [rows, columns]}. */
    record ScatterAdd(int count, int rows, int columns) implements IndexOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("in", (long) count * columns),
                    Operand.indices("index", count, 0, rows - 1),
                    Operand.out((long) rows * columns));
        }
    }
}
