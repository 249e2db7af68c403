package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.List;

/** Softmax over the columns of {@code [rows, columns]}, and its gradient. */
public sealed interface SoftmaxOp extends KernelOp {

    /** Row-wise softmax, {@code [rows, columns]}, rounded to the output's type. */
    record Softmax(int rows, int columns, DType output) implements SoftmaxOp {
        public Softmax {
            Checks.requireNumbers("Softmax: output", output);
        }

        /** Of f32. */
        public Softmax(int rows, int columns) {
            this(rows, columns, DType.F32);
        }

        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(Operand.in("x", size), Operand.out("out", output, size));
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
