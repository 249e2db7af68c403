package io.llm2clip.testkit;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import java.util.List;
import java.util.function.IntUnaryOperator;

/** Kernels that break one rule each. */
final class ForbiddenKernels {
    static int counter = List.of().size();

    private ForbiddenKernels() {}

    static void noPrefix(KernelContext context, FloatBuf floats) {
        floats.set(context.globalIdx, 0f);
    }

    static void k_unsignedShift(KernelContext context, IntBuf ints) {
        ints.set(0, ints.get(0) >>> 1);
    }

    static void k_lambda(KernelContext context, IntBuf ints) {
        IntUnaryOperator doubled = x -> 2 * x;
        ints.set(0, doubled.applyAsInt(1));
    }

    static void k_object(KernelContext context, IntBuf ints) {
        ints.set(0, new StringBuilder().length());
    }

    static void k_call(KernelContext context, IntBuf ints) {
        ints.set(0, List.of().size());
    }

    static void k_math(KernelContext context, FloatBuf floats) {
        floats.set(0, Math.fma(1f, 2f, floats.get(0)));
    }

    static void k_throw(KernelContext context, IntBuf ints, IllegalStateException exception) {
        if (ints.get(0) == 0) {
            throw exception;
        }
    }

    static void k_catch(KernelContext context, IntBuf ints) {
        try {
            ints.set(0, 1);
        } catch (RuntimeException _) {
            ints.set(0, 2);
        }
    }

    static void k_sized(KernelContext context, IntBuf ints) {
        int[] values = new int[ints.get(0)];
        ints.set(0, values[0]);
    }

    static void k_nested(KernelContext context, FloatBuf floats) {
        float[][] values = new float[2][2];
        floats.set(0, values[0][0]);
    }

    static void k_field(KernelContext context, IntBuf ints) {
        ints.set(0, counter);
    }

    static void k_double(KernelContext context, FloatBuf floats) {
        floats.set(0, (float) (floats.get(0) * 0.5));
    }

    static void k_break(KernelContext context, IntBuf ints) {
        int found = -1;
        for (int i = 0; i < ints.getSize(); i++) {
            if (ints.get(i) == 0) {
                found = i;
                break;
            }
        }
        ints.set(0, found);
    }

    static void k_notLess(KernelContext context, FloatBuf floats) {
        if (floats.get(0) >= 1f) {
            floats.set(0, 1f);
        }
    }

    static void k_notGreater(KernelContext context, FloatBuf floats) {
        floats.set(0, floats.get(0) <= 1f ? floats.get(1) : 0f);
    }

    static void k_nan(KernelContext context, FloatBuf floats) {
        floats.set(0, Float.NaN);
    }

    static void k_or(KernelContext context, IntBuf ints) {
        if (ints.get(0) > 0 && (ints.get(1) == 0 || ints.get(2) < 3)) {
            ints.set(0, 0);
        }
    }

    static void k_keyword(KernelContext context, IntBuf global) {
        global.set(0, 1);
    }

    static void k_parameter(KernelContext context, FloatBuf x, FloatBuf out) {
        x = out;
        x.set(0, 1f);
    }

    /** What {@link Reversal} takes. */
    static void k_reversal(KernelContext context, FloatBuf x, FloatBuf y, IntBuf params) {
        int mirrored = context.globalIdx + 3 - 2 * context.localIdx;
        y.set(params.get(1) + context.globalIdx, x.get(params.get(0) + mirrored));
    }

    static void k_callsLarge(KernelContext context, FloatBuf floats) {
        floats.set(0, k_large(floats.get(0)) + k_recursive(floats.get(1)));
    }

    static float k_large(float x) {
        return k_part(k_part(k_part(k_part(k_part(k_part(k_part(k_part(x))))))));
    }

    private static float k_part(float x) {
        return k_step(k_step(k_step(k_step(k_step(k_step(k_step(k_step(x))))))));
    }

    private static float k_step(float x) {
        return (x * 3f + 1f) * (x * 2f + 2f);
    }

    static float k_recursive(float x) {
        return x > 1f ? k_recursive(x - 1f) : x;
    }

    /** Loops, conditions, continue and return as they are allowed. */
    static void k_allowed(KernelContext context, IntBuf ints) {
        int sum = 0;
        for (int i = 0; i < 4 && sum < 10; i++) {
            if (ints.get(i) < 0) {
                continue;
            }
            int j = i;
            while (!(j < 1)) {
                sum += j > 2 ? j : 1;
                j--;
            }
            if (sum > 100) {
                return;
            } else {
                sum++;
            }
        }
        ints.set(0, sum);
    }
}
