package io.llm2clip.kernels.device;

/** Conversions between element types. Params of all: elements | in, out. */
final class ConvertKernels {

    private ConvertKernels() {}

    static void k_floatToBFloat16(KernelContext context, FloatBuf floats, BFloat16Buf halves, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            halves.setFloat(params.get(2) + element, floats.get(params.get(1) + element));
        }
    }

    static void k_bfloat16ToFloat(KernelContext context, FloatBuf floats, BFloat16Buf halves, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            floats.set(params.get(2) + element, halves.getFloat(params.get(1) + element));
        }
    }

    static void k_intToFloat(KernelContext context, FloatBuf floats, IntBuf ints, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            floats.set(params.get(2) + element, (float) ints.get(params.get(1) + element));
        }
    }

    /** Towards zero, saturating, NaN to 0: spelled out, as C leaves these casts undefined. */
    static void k_floatToInt(KernelContext context, FloatBuf floats, IntBuf ints, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            float value = floats.get(params.get(1) + element);
            int converted = 0;
            if (value > -2147483648f) {
                converted = value < 2147483648f ? (int) value : Integer.MAX_VALUE;
            } else if (value < 0f) {
                converted = Integer.MIN_VALUE;
            }
            ints.set(params.get(2) + element, converted);
        }
    }
}
