package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.Elementwise;
import java.lang.foreign.MemorySegment;
import java.util.List;

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
                MemorySegment.copy(operands[0], offset(op, 0, i) * bytes, operands[1], i * bytes, bytes);
                continue;
            }
            for (int input = 0; input < inputs; input++) {
                Elementwise.Source from = op.sources().get(input);
                values[input] = new StoredElements(from.dtype(), operands[input]).get(offset(op, input, i));
            }
            new StoredElements(op.output(), operands[inputs])
                    .set(i, ScalarExpression.evaluate(op.expression(), values));
        }
    }

    /** Where the input's element is that belongs to an element of the output. */
    private static long offset(Elementwise op, int input, long element) {
        List<Integer> strides = op.sources().get(input).strides();
        long offset = 0;
        long rest = element;
        for (int d = op.shape().size() - 1; d >= 0; d--) {
            offset += rest % op.shape().get(d) * strides.get(d);
            rest /= op.shape().get(d);
        }
        return offset;
    }
}
