package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;

/** Conversions between element types. Params of all: elements. */
public final class ConvertKernels {

    private ConvertKernels() {}

    static void k_floatToBFloat16(KernelContext context, FloatBuf source, ShortBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            float value = source.get(params.get(1) + element);
            target.set(params.get(2) + element, HalfConversion.k_bfloat16Bits(value));
        }
    }

    static void k_bfloat16ToFloat(KernelContext context, ShortBuf source, FloatBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            short bits = source.get(params.get(1) + element);
            target.set(params.get(2) + element, HalfConversion.k_bfloat16Value(bits));
        }
    }

    static void k_floatToFloat16(KernelContext context, FloatBuf source, ShortBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            float value = source.get(params.get(1) + element);
            target.set(params.get(2) + element, HalfConversion.k_float16Bits(value));
        }
    }

    static void k_float16ToFloat(KernelContext context, ShortBuf source, FloatBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            short bits = source.get(params.get(1) + element);
            target.set(params.get(2) + element, HalfConversion.k_float16Value(bits));
        }
    }

    static void k_intToFloat(KernelContext context, IntBuf source, FloatBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(2) + element, (float) source.get(params.get(1) + element));
        }
    }

    /** Toward zero, saturating, NaN to 0: spelled out, as C leaves these casts undefined. */
    static void k_floatToInt(KernelContext context, FloatBuf source, IntBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            float value = source.get(params.get(1) + element);
            int converted = 0;
            if (value > -2147483648f) {
                converted = value < 2147483648f ? (int) value : Integer.MAX_VALUE;
            } else if (value < 0f) {
                converted = Integer.MIN_VALUE;
            }
            target.set(params.get(2) + element, converted);
        }
    }
}
