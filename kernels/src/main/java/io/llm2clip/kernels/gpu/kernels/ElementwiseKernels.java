package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.operations.Expression;

/**
 * One kernel for every fused elementwise expression: it interprets the expression's instructions for its element. Where the expression
 * is known, generated kernels have its code in place of the interpreter.
 */
public final class ElementwiseKernels {
    /** Name of the kernel. */
    public static final String NAME = "k_elementwise";

    /** Ints before the shape in the dimensions of {@link #k_elementwise}. */
    public static final int HEADER = 4;
    /** Ints an instruction takes: opcode and three operands. */
    public static final int INSTRUCTION = 4;

    private ElementwiseKernels() {}

    /**
     * Params: elements, rank, inputs, instructions, shape {@code [rank]}, strides {@code [inputs, rank]}, code {@code
     * [instructions, 4]} | inputs, out. Scalars: literals {@code [instructions]}.
     */
    static void k_elementwise(KernelContext context, FloatBuf floats, IntBuf params, FloatBuf scalars) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int rank = params.get(1);
            int inputs = params.get(2);
            int instructions = params.get(3);
            int strides = HEADER + rank;
            int code = strides + inputs * rank;
            int offsets = code + INSTRUCTION * instructions;
            float[] values = new float[Expression.MAX_VALUES];
            // Operands that an instruction ignores are encoded as value 0, which without inputs nothing has written.
            values[0] = 0f;
            for (int i = 0; i < inputs; i++) {
                values[i] = floats.get(params.get(offsets + i) + k_strided(params, strides + i * rank, rank, element));
            }
            for (int i = 0; i < instructions; i++) {
                int at = code + INSTRUCTION * i;
                values[inputs + i] = ScalarFunctions.k_operation(
                        params.get(at),
                        values[params.get(at + 1)],
                        values[params.get(at + 2)],
                        values[params.get(at + 3)],
                        scalars.get(i));
            }
            floats.set(params.get(offsets + inputs) + element, values[inputs + instructions - 1]);
        }
    }

    /** Offset, in an input whose strides begin at params[strides], of an element of the contiguous output. */
    static int k_strided(IntBuf params, int strides, int rank, int element) {
        int offset = 0;
        int rest = element;
        for (int d = rank - 1; d >= 0; d--) {
            int extent = params.get(HEADER + d);
            int outer = rest / extent;
            offset += (rest - outer * extent) * params.get(strides + d);
            rest = outer;
        }
        return offset;
    }
}
