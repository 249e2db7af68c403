package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Convert;
import io.llm2clip.kernels.operations.Elementwise;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Element by element: expressions and conversions. */
final class ElementwiseReference {

    private ElementwiseReference() {}

    static void elementwise(Elementwise op, MemorySegment[] operands) {
        int inputs = op.strides().size();
        long elements = 1;
        for (int extent : op.shape()) {
            elements *= extent;
        }
        float[] values = new float[inputs];
        Floats out = new Floats(operands[inputs]);
        for (long i = 0; i < elements; i++) {
            for (int input = 0; input < inputs; input++) {
                long offset = 0;
                long rest = i;
                for (int d = op.shape().size() - 1; d >= 0; d--) {
                    offset += rest % op.shape().get(d) * op.strides().get(input).get(d);
                    rest /= op.shape().get(d);
                }
                if (op.dtype() == DType.I32) {
                    MemorySegment.copy(
                            operands[input],
                            offset * Integer.BYTES,
                            operands[inputs],
                            i * Integer.BYTES,
                            Integer.BYTES);
                } else {
                    values[input] = new Floats(operands[input]).get(offset);
                }
            }
            if (op.dtype() == DType.F32) {
                out.set(i, ScalarExpression.evaluate(op.expression(), values));
            }
        }
    }

    static void convert(Convert op, MemorySegment in, MemorySegment out) {
        for (long i = 0; i < op.elements(); i++) {
            switch (op.to()) {
                case BF16 -> out.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * Short.BYTES, toBf16(new Floats(in).get(i)));
                case F16 -> {
                    short half = Float.floatToFloat16(new Floats(in).get(i));
                    out.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * Short.BYTES, half);
                }
                case I32 -> out.set(ValueLayout.JAVA_INT_UNALIGNED, i * Integer.BYTES, (int) new Floats(in).get(i));
                case F32, BOOL -> {
                    // Not by way of a double, which may change a NaN.
                    float value = new StoredElements(op.from(), in).get(i);
                    out.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * Float.BYTES, value);
                }
                case Q8, Q4 -> throw new IllegalStateException(op + " is not made.");
            }
        }
    }

    /** Round to nearest even. A NaN is kept a quiet NaN with the upper bits of its payload: rounding could make it infinite. */
    private static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = Float.isNaN(value) ? bits | 0x0040_0000 : bits + 0x7FFF + (bits >>> 16 & 1);
        return (short) (rounded >>> 16);
    }
}
