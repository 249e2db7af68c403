package io.llm2clip.kernels.operations;

import java.util.List;

/** Softmax over the columns of {@code [rows, columns]}, and its gradient. */
public sealed interface SoftmaxOp extends KernelOp {

    /** Row-wise softmax, {@code [rows, columns]}. */
    record Softmax(int rows, int columns) implements SoftmaxOp {
        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(Operand.in("x", size), Operand.out(size));
        }

        @Override
        public long flops() {
            return 4L * rows * columns;
        }
    }

    /** {@code dx = y * (dy - sum(y * dy))} by rows, with {@code y} the softmax's output. */
    record SoftmaxGradient(int rows, int columns) implements SoftmaxOp {
        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(Operand.in("y", size), Operand.in("dy", size), Operand.out(size));
        }

        @Override
        public long flops() {
            return 4L * rows * columns;
        }
    }
}
