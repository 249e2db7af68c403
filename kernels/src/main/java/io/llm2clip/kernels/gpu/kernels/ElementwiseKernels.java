package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;

/**
 * What the kernels of fused elementwise expressions have in common. The kernels are generated ({@link
 * io.llm2clip.kernels.gpu.codegen.GeneratedKernels}), for one expression or for all of a number of inputs:
 *
 * {@snippet :
 * static void k_elementwise(KernelContext context, FloatBuf in0, FloatBuf in1, FloatBuf out, IntBuf params, FloatBuf scalars)
 * }
 *
 * <p>Params: elements, rank, inputs, instructions, shape {@code [rank]}, strides {@code [inputs, rank]}, code {@code [instructions,
 * 4]}, which kernels of one expression have none of. Scalars: literals {@code [instructions]}.
 */
public final class ElementwiseKernels {
    /** Name of the kernels. */
    public static final String NAME = "k_elementwise";

    /** Ints before the shape in the dimensions. */
    public static final int HEADER = 4;
    /** Ints per instruction: opcode and three operands. */
    public static final int INSTRUCTION = 4;

    private ElementwiseKernels() {}

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

    /**
     * The result of an expression whose code begins at params[code].
     *
     * @param values {@code [Expression.MAX_VALUES]}, the first of which are the inputs; operands that an instruction ignores are
     *     encoded as value 0, which must be set even without inputs
     */
    static float k_interpret(float[] values, IntBuf params, FloatBuf scalars, int inputs, int instructions, int code) {
        for (int i = 0; i < instructions; i++) {
            int at = code + INSTRUCTION * i;
            values[inputs + i] = ScalarFunctions.k_operation(
                    params.get(at),
                    values[params.get(at + 1)],
                    values[params.get(at + 2)],
                    values[params.get(at + 3)],
                    scalars.get(i));
        }
        return values[inputs + instructions - 1];
    }
}
