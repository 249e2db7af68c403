package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.List;

/**
 * A kernel and what it works on, without addresses.
 *
 * @param op with the layouts of its operands decided
 * @param precision of its multiplications
 * @param operands what it reads, in its order
 * @param results what it writes, in its order
 * @param after what must be computed before, though it is not read
 */
record KernelCall(KernelOp op, Precision precision, List<View> operands, List<Node> results, List<Node> after) {
    /** A kernel that may run as soon as its operands are there. */
    KernelCall(KernelOp op, Precision precision, List<View> operands, List<Node> results) {
        this(op, precision, operands, results, List.of());
    }

    /** Bytes of a result, which are not those of its elements where it is packed. */
    long bytes(int result) {
        return op.results().get(result).bytes();
    }

    /** The same call of an operation with other layouts. */
    KernelCall withOp(KernelOp other) {
        return new KernelCall(other, precision, operands, results, after);
    }

    KernelCall after(List<Node> values) {
        return values.isEmpty() ? this : new KernelCall(op, precision, operands, results, values);
    }
}
