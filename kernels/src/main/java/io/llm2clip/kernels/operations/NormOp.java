package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.List;

/** Normalizations over the columns of {@code [rows, columns]}, and their gradients. */
public sealed interface NormOp extends KernelOp {

    /**
     * {@code y = (x - mean) / sqrt(variance + epsilon) * weight + bias} by rows, rounded to the output's type; variance without
     * Bessel's correction.
     */
    record LayerNorm(int rows, int columns, float epsilon, DType output) implements NormOp {
        public LayerNorm {
            Checks.requireNumbers("LayerNorm: output", output);
        }

        /** Of f32. */
        public LayerNorm(int rows, int columns, float epsilon) {
            this(rows, columns, epsilon, DType.F32);
        }

        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(
                    Operand.in("x", size),
                    Operand.in("weight", columns),
                    Operand.in("bias", columns),
                    Operand.out("out", output, size));
        }

        @Override
        public long flops() {
            return 8L * rows * columns;
        }
    }

    /**
     * Gradients of {@link LayerNorm}: dx, dweight and dbias.
     *
     * @param parameters whether those of weight and bias are there; not of frozen ones
     */
    record LayerNormGradient(int rows, int columns, float epsilon, boolean parameters) implements NormOp {
        /** All three. */
        public LayerNormGradient(int rows, int columns, float epsilon) {
            this(rows, columns, epsilon, true);
        }

        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(
                            Operand.in("x", size),
                            Operand.in("weight", columns),
                            Operand.in("dy", size),
                            Operand.out("dx", size),
                            Operand.out("dweight", columns),
                            Operand.out("dbias", columns))
                    .subList(0, parameters ? 6 : 4);
        }

        @Override
        public long flops() {
            return (parameters ? 16L : 13L) * rows * columns;
        }
    }

    /** {@code y = x / sqrt(mean(x^2) + epsilon) * weight} by rows, rounded to the output's type. */
    record RmsNorm(int rows, int columns, float epsilon, DType output) implements NormOp {
        public RmsNorm {
            Checks.requireNumbers("RmsNorm: output", output);
        }

        /** Of f32. */
        public RmsNorm(int rows, int columns, float epsilon) {
            this(rows, columns, epsilon, DType.F32);
        }

        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(Operand.in("x", size), Operand.in("weight", columns), Operand.out("out", output, size));
        }

        @Override
        public long flops() {
            return 4L * rows * columns;
        }
    }

    /**
     * Gradients of {@link RmsNorm}: dx and dweight.
     *
     * @param parameters whether that of the weight is there; not of a frozen one
     */
    record RmsNormGradient(int rows, int columns, float epsilon, boolean parameters) implements NormOp {
        /** Both. */
        public RmsNormGradient(int rows, int columns, float epsilon) {
            this(rows, columns, epsilon, true);
        }

        @Override
        public List<Operand> operands() {
            long size = (long) rows * columns;
            return List.of(
                            Operand.in("x", size),
                            Operand.in("weight", columns),
                            Operand.in("dy", size),
                            Operand.out("dx", size),
                            Operand.out("dweight", columns))
                    .subList(0, parameters ? 5 : 4);
        }

        @Override
        public long flops() {
            return (parameters ? 10L : 8L) * rows * columns;
        }
    }
}
