package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Matmul, one element of the output at a time. */
final class MatmulReference {

    private MatmulReference() {}

    static void matmul(Matmul op, MemorySegment[] operands) {
        if (op.b().packing() != null) {
            throw new IllegalArgumentException(
                    "The reference reads B as it is stored, found " + op.b() + "; pass the operand that was packed.");
        }
        Factor a = factor(op.a(), op.panels(), operands[0]);
        Factor b = factor(op.b(), op.panelsOfB(), operands[1]);
        Floats out = new Floats(operands[operands.length - 1]);
        List<Broadcast> extras = op.epilogue().extras();
        float[] values = new float[1 + extras.size()];
        for (long batch = 0; batch < op.batch(); batch++) {
            for (long row = 0; row < op.m(); row++) {
                for (long column = 0; column < op.n(); column++) {
                    long index = (batch * op.m() + row) * op.n() + column;
                    values[0] = (float) dot(op, a, b, batch, row, column);
                    for (int e = 0; e < extras.size(); e++) {
                        MemorySegment extra = operands[2 + e];
                        values[1 + e] = switch (extras.get(e)) {
                            case FULL ->
                                op.epilogue().panels() == null
                                        ? new Floats(extra).get(index)
                                        : new PanelElements(op.epilogue().panels(), extra).get((int) row, (int) column);
                            case ROW -> new Floats(extra).get(column);
                            case SCALAR -> new Floats(extra).get(0);
                        };
                    }
                    out.set(index, ScalarExpression.evaluate(op.epilogue().expression(), values));
                }
            }
        }
    }

    private interface Factor {
        float get(long batch, long row, long column);
    }

    private static Factor factor(MatrixOperand operand, @Nullable RowPanels panels, MemorySegment segment) {
        if (panels != null) {
            PanelElements elements = new PanelElements(panels, segment);
            return (batch, row, column) -> elements.get((int) row, (int) column);
        }
        StoredElements elements = new StoredElements(operand.format(), segment);
        return (batch, row, column) -> elements.get(operand.index(batch, row, column));
    }

    private static double dot(Matmul op, Factor a, Factor b, long batch, long row, long column) {
        double sum = 0;
        for (long k = 0; k < op.k(); k++) {
            sum += (double) a.get(batch, row, k) * b.get(batch, k, column);
        }
        return sum;
    }
}
