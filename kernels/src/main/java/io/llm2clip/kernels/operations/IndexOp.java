package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.List;

/** Rows picked from a table by index, and rows added to it. */
public sealed interface IndexOp extends KernelOp {

    /**
     * {@code out[i] = table[index[i]]}; table is {@code [rows, columns]}, index {@code [count]}, each in {@code 0 .. rows-1}. The
     * output is of f32, whatever the table is of.
     */
    record Gather(int count, int rows, int columns, DType table) implements IndexOp {
        public Gather {
            Checks.require(MatrixOperand.FORMATS.contains(table), "Gather: a table of " + MatrixOperand.FORMATS, table);
            Checks.require(
                    columns % table.blockSize() == 0,
                    "Gather: " + table + " rows of whole blocks of " + table.blockSize(),
                    columns);
        }

        /** Of an f32 table. */
        public Gather(int count, int rows, int columns) {
            this(count, rows, columns, DType.F32);
        }

        @Override
        public List<Operand> operands() {
            return List.of(
                    new Operand("table", table, (long) rows * columns, Operand.Access.READ),
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
