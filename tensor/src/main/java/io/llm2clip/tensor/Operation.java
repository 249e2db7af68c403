package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Operand;
import java.util.ArrayList;
import java.util.List;

/**
 * What a node of the graph does. Equal operations on equal inputs are the same value, which is how common subexpressions are
 * found; so every operation is a record, and sources are compared by identity.
 */
public sealed interface Operation {

    /** A value fed at each run. */
    record Input(String name) implements Operation {
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** Stored elements, read where they lie: a parameter or a constant table. */
    record Variable(String name, TensorData data) implements Operation {
        @Override
        public boolean equals(Object other) {
            return other instanceof Variable variable && variable.data == data;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(data);
        }
    }

    /** One number, of shape {@code []}. */
    record Scalar(float value) implements Operation {}

    /** Elementwise; all inputs have the output's shape. */
    record Pointwise(Opcode opcode) implements Operation {}

    /** The same elements in row-major order under another shape. */
    record Reshape() implements Operation {}

    /** Output axis i is input axis {@code axes[i]}. */
    record Permute(List<Integer> axes) implements Operation {}

    /** Dimensions of 1 stretched; the rank stays. */
    record Expand() implements Operation {}

    /** Elements {@code start .. start+extent-1} of one axis. */
    record Slice(int axis, int start) implements Operation {}

    /** The same 32-bit lanes under another type: a truth value as the number 0 or 1. */
    record Reinterpret(DType dtype) implements Operation {}

    /** Elements converted, between f32 and bf16, f16 or i32. */
    record Cast(DType to) implements Operation {}

    /** The same value, through which no gradient flows. */
    record StopGradient() implements Operation {}

    /** The first input, the result of a scope that the backward pass computes again; the others are what the scope reads. */
    record Recompute() implements Operation {}

    /** The first input, read no earlier than the second one is computed. */
    record After() implements Operation {}

    /**
     * A coarse kernel; inputs are dense operands in the kernel's order. If it writes several results, its node is none of them: they
     * are read through {@link Output} nodes, and only through them.
     *
     * @param op what it computes
     * @param shapes of its results
     */
    record Kernel(KernelOp op, List<Shape> shapes) implements Operation {
        public Kernel {
            shapes = List.copyOf(shapes);
        }

        /** Whether it has several results. */
        public boolean several() {
            return shapes.size() > 1;
        }

        /** The results of a node of this operation: itself, or a node for each of several. */
        public List<Tensor> results(Tensor node) {
            if (!several()) {
                return List.of(node);
            }
            List<Operand> results = op.results();
            List<Tensor> outputs = new ArrayList<>();
            for (Shape shape : shapes) {
                int index = outputs.size();
                outputs.add(new Tensor(
                        new Output(index),
                        List.of(node),
                        shape,
                        results.get(index).dtype()));
            }
            return outputs;
        }
    }

    /** One of several results of the {@link Kernel} that is the input, by its number among {@link KernelOp#results()}. */
    record Output(int index) implements Operation {}
}
