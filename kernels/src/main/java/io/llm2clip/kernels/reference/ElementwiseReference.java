package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.Elementwise;
import java.lang.foreign.MemorySegment;

/** Expressions, element by element. */
final class ElementwiseReference {

    private ElementwiseReference() {}

    static void elementwise(Elementwise op, MemorySegment[] operands) {
        int inputs = op.sources().size();
        long elements = 1;
        for (int extent : op.shape()) {
            elements *= extent;
        }
        float[] values = new float[inputs];
        for (long i = 0; i < elements; i++) {
            if (op.isCopy()) {
                int bytes = op.output().bytes();
                MemorySegment.copy(operands[0], op.offset(0, i) * bytes, operands[1], i * bytes, bytes);
                continue;
            }
            for (int input = 0; input < inputs; input++) {
                Elementwise.Source from = op.sources().get(input);
                values[input] = new StoredElements(from.dtype(), operands[input]).get(op.offset(input, i));
            }
            new StoredElements(op.output(), operands[inputs])
                    .set(i, ScalarExpression.evaluate(op.expression(), values));
        }
    }
}
