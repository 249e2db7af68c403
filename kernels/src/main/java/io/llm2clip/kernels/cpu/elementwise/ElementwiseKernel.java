package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.ElementFormat;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import java.util.Arrays;
import java.util.function.Function;

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
        Operands operands = Operands.of(op, addresses);
        return layout.dimensions() == 1 || layout.inner() < SHORT_ROW
                ? new FlatElementwise(layout, op.expression(), operands).launch(workers, cost)
                : new TiledElementwise(layout, op.expression(), operands).launch(workers, cost);
    }

    /**
     * Where the operands are and how their elements become lanes.
     *
     * @param inputs an address per input
     * @param formats a format per input
     * @param out address of the output
     * @param result format of the output
     */
    record Operands(long[] inputs, ElementFormat[] formats, long out, ElementFormat result) {
        static Operands of(Elementwise op, long[] addresses) {
            Function<DType, ElementFormat> format = op.isCopy() ? ElementFormat::ofBits : ElementFormat::of;
            int inputs = op.sources().size();
            return new Operands(
                    Arrays.copyOf(addresses, inputs),
                    op.sources().stream()
                            .map(input -> format.apply(input.dtype()))
                            .toArray(ElementFormat[]::new),
                    addresses[inputs],
                    format.apply(op.output()));
        }

        /** Whether the evaluator writes lanes that are converted afterwards. */
        boolean convertsResult() {
            return result != ElementFormat.WORD;
        }

        /** Whether an input's elements are lanes already. */
        boolean isWord(int input) {
            return formats[input] == ElementFormat.WORD;
        }
    }

    /** What an element takes, in units of an addition. */
    public static int cost(Expression expression) {
        int cost = 1;
        for (Expression.Instruction instruction : expression.instructions()) {
            cost += instruction.opcode().transcendental() ? 4 : 1;
        }
        return cost;
    }
}
