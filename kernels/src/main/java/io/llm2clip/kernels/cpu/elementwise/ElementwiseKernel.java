package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;

/** Binds {@link Elementwise} to the traversal that suits its layout. */
public final class ElementwiseKernel {
    /** Rows shorter than this are not worth a call of the evaluator each. */
    private static final int SHORT_ROW = 16;

    private ElementwiseKernel() {}

    public static Launch bind(Elementwise op, long[] addresses, Workers workers) {
        StridedLayout layout = StridedLayout.of(op);
        if (layout.elements() == 0) {
            return () -> {};
        }
        int cost = cost(op.expression());
        return layout.dimensions() == 1 || layout.inner() < SHORT_ROW
                ? new FlatElementwise(layout, op.expression(), addresses).launch(workers, cost)
                : new TiledElementwise(layout, op.expression(), addresses).launch(workers, cost);
    }

    /** In units of an addition. */
    private static int cost(Expression expression) {
        int cost = 1;
        for (Expression.Instruction instruction : expression.instructions()) {
            cost += instruction.opcode().transcendental() ? 4 : 1;
        }
        return cost;
    }
}
