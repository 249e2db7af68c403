package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;

/** Data movement: rows by index, concatenation, rotation of channel pairs by position. */
public final class IndexKernels {

    private IndexKernels() {}

    /** Params: elements, columns | table, index, out. */
    static void k_gather(KernelContext context, FloatBuf floats, IntBuf ints, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int columns = params.get(1);
            int row = element / columns;
            int from = ints.get(params.get(3) + row) * columns + element - row * columns;
            floats.set(params.get(4) + element, floats.get(params.get(2) + from));
        }
    }

    /** A strided copy. Params: as of {@link ElementwiseKernels#k_elementwise}, without code. */
    static void k_copyInts(KernelContext context, IntBuf ints, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int rank = params.get(1);
            int strides = ElementwiseKernels.HEADER + rank;
            int from = ElementwiseKernels.k_strided(params, strides, rank, element);
            ints.set(params.get(strides + rank + 1) + element, ints.get(params.get(strides + rank) + from));
        }
    }

    /** As {@link #k_copyInts}. */
    static void k_copyHalves(KernelContext context, ShortBuf halves, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int rank = params.get(1);
            int strides = ElementwiseKernels.HEADER + rank;
            int from = ElementwiseKernels.k_strided(params, strides, rank, element);
            halves.set(params.get(strides + rank + 1) + element, halves.get(params.get(strides + rank) + from));
        }
    }

    /** One input's part of a concatenation. Params: elements, inner, total, start, input, inputs | inputs, out. */
    static void k_concat(KernelContext context, FloatBuf floats, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int target = k_concatTarget(params, element);
            floats.set(params.get(6 + params.get(5)) + target, floats.get(params.get(6 + params.get(4)) + element));
        }
    }

    /** Where in the output an element of the input goes. */
    static int k_concatTarget(IntBuf params, int element) {
        int inner = params.get(1);
        int outer = element / inner;
        return outer * params.get(2) + params.get(3) + element - outer * inner;
    }

    /** As {@link #k_concat}, of ints. */
    static void k_concatInts(KernelContext context, IntBuf ints, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int target = k_concatTarget(params, element);
            ints.set(params.get(6 + params.get(5)) + target, ints.get(params.get(6 + params.get(4)) + element));
        }
    }

    /** As {@link #k_concat}, of halves. */
    static void k_concatHalves(KernelContext context, ShortBuf halves, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int target = k_concatTarget(params, element);
            halves.set(params.get(6 + params.get(5)) + target, halves.get(params.get(6 + params.get(4)) + element));
        }
    }

    /** A work-item a pair. Params: pairs in all, positions, heads, pairs of a head, interleaved, inverse | x, cos, sin, out. */
    static void k_rotary(KernelContext context, FloatBuf floats, IntBuf params) {
        int item = context.globalIdx;
        if (item < params.get(0)) {
            int headPairs = params.get(3);
            int head = item / headPairs;
            int pair = item - head * headPairs;
            int position = head / params.get(2) % params.get(1);
            boolean interleaved = params.get(4) != 0;
            int first = head * headPairs * 2 + (interleaved ? 2 * pair : pair);
            int second = first + (interleaved ? 1 : headPairs);
            float cosine = floats.get(params.get(7) + position * headPairs + pair);
            float sine = floats.get(params.get(8) + position * headPairs + pair);
            if (params.get(5) != 0) {
                sine = -sine;
            }
            float x = floats.get(params.get(6) + first);
            float y = floats.get(params.get(6) + second);
            floats.set(params.get(9) + first, x * cosine - y * sine);
            floats.set(params.get(9) + second, y * cosine + x * sine);
        }
    }
}
