package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/** Random numbers by Threefry-2x32. */
public final class RandomKernels {

    private RandomKernels() {}

    /** A work-item per element. Params: elements, words of the key, their third. */
    static void k_uniform(KernelContext context, IntBuf steps, FloatBuf numbers, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int step = steps.get(params.get(4));
            int bits = k_threefry(params.get(1), params.get(2), params.get(3), element, step);
            numbers.set(params.get(5) + element, (float) (bits >> 8 & 0xFFFFFF) * 0x1p-24f);
        }
    }

    /** The first word of the cipher. */
    static int k_threefry(int key0, int key1, int key2, int counter0, int counter1) {
        int x = counter0 + key0;
        int y = counter1 + key1;
        int a = key1;
        int b = key2;
        int c = key0;
        for (int group = 1; group <= 5; group++) {
            boolean odd = (group & 1) == 1;
            x = x + y;
            y = k_mix(x, y, odd ? 13 : 17);
            x = x + y;
            y = k_mix(x, y, odd ? 15 : 29);
            x = x + y;
            y = k_mix(x, y, odd ? 26 : 16);
            x = x + y;
            y = k_mix(x, y, odd ? 6 : 24);
            x = x + a;
            y = y + b + group;
            int first = a;
            a = b;
            b = c;
            c = first;
        }
        return x;
    }

    static int k_mix(int x, int y, int rotation) {
        int low = (y >> (32 - rotation)) & ((1 << rotation) - 1);
        return (y << rotation | low) ^ x;
    }
}
