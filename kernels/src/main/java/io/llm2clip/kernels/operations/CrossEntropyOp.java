package io.llm2clip.kernels.operations;

import java.util.List;

/** Cross entropy of logits {@code [rows, columns]} against one target per row, and its gradient. */
public sealed interface CrossEntropyOp extends KernelOp {

    /** {@code loss[r] = logsumexp(logits[r]) - logits[r, target[r]]}; 0 where the target is -1. */
    record CrossEntropy(int rows, int columns) implements CrossEntropyOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("logits", (long) rows * columns),
                    Operand.indices("target", rows, -1, columns - 1),
                    Operand.out(rows));
        }

        @Override
        public long flops() {
            return 3L * rows * columns;
        }
    }

    /** {@code dlogits[r] = dloss[r] * (softmax(logits[r]) - onehot(target[r]))}; 0 where the target is -1. */
    record CrossEntropyGradient(int rows, int columns) implements CrossEntropyOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("logits", (long) rows * columns),
                    Operand.indices("target", rows, -1, columns - 1),
                    Operand.in("dloss", rows),
                    Operand.out((long) rows * columns));
        }

        @Override
        public long flops() {
            return 5L * rows * columns;
        }
    }
}
