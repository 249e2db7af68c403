package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;

/** Data movement: rows by index, concatenation, rotation of channel pairs by position. */
public final class IndexKernels {

    private IndexKernels() {}

    /** Params: elements, columns. */
    static void k_gather(KernelContext context, FloatBuf table, IntBuf index, FloatBuf out, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int columns = params.get(1);
            int row = element / columns;
            int from = index.get(params.get(3) + row) * columns + element - row * columns;
            out.set(params.get(4) + element, table.get(params.get(2) + from));
        }
    }

    /** As {@link #k_gather}, of a table stored in words. Params: elements, columns, the table's format. */
    static void k_gatherStored(KernelContext context, ShortBuf table, IntBuf index, FloatBuf out, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int columns = params.get(1);
            int row = element / columns;
            int from = index.get(params.get(4) + row) * columns + element - row * columns;
            float value = StoredWords.k_element(table, params.get(3), from, params.get(2));
            out.set(params.get(5) + element, value);
        }
    }

    /** A strided copy. Params: as of elementwise kernels ({@link ElementwiseKernels}), without code. */
    static void k_copyInts(KernelContext context, IntBuf source, IntBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int rank = params.get(1);
            int strides = ElementwiseKernels.HEADER + rank;
            int from = ElementwiseKernels.k_strided(params, strides, rank, element);
            target.set(params.get(strides + rank + 1) + element, source.get(params.get(strides + rank) + from));
        }
    }

    /** As {@link #k_copyInts}. */
    static void k_copyHalves(KernelContext context, ShortBuf source, ShortBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int rank = params.get(1);
            int strides = ElementwiseKernels.HEADER + rank;
            int from = ElementwiseKernels.k_strided(params, strides, rank, element);
            target.set(params.get(strides + rank + 1) + element, source.get(params.get(strides + rank) + from));
        }
    }

    /** One input's part of a concatenation. Params: elements, inner, total, start. */
    static void k_concat(KernelContext context, FloatBuf source, FloatBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(5) + k_concatTarget(params, element), source.get(params.get(4) + element));
        }
    }

    /** Where in the output an element of the input goes. */
    static int k_concatTarget(IntBuf params, int element) {
        int inner = params.get(1);
        int outer = element / inner;
        return outer * params.get(2) + params.get(3) + element - outer * inner;
    }

    /** As {@link #k_concat}, of ints. */
    static void k_concatInts(KernelContext context, IntBuf source, IntBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(5) + k_concatTarget(params, element), source.get(params.get(4) + element));
        }
    }

    /** As {@link #k_concat}, of halves. */
    static void k_concatHalves(KernelContext context, ShortBuf source, ShortBuf target, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            target.set(params.get(5) + k_concatTarget(params, element), source.get(params.get(4) + element));
        }
    }

    /** A work-item per pair. Params: pairs in all, positions, heads, pairs per head, interleaved, inverse. */
    static void k_rotary(
            KernelContext context, FloatBuf x, FloatBuf cosines, FloatBuf sines, FloatBuf out, IntBuf params) {
        int item = context.globalIdx;
        if (item < params.get(0)) {
            int headPairs = params.get(3);
            int head = item / headPairs;
            int pair = item - head * headPairs;
            int position = head / params.get(2) % params.get(1);
            boolean interleaved = params.get(4) != 0;
            int first = head * headPairs * 2 + (interleaved ? 2 * pair : pair);
            int second = first + (interleaved ? 1 : headPairs);
            float cosine = cosines.get(params.get(7) + position * headPairs + pair);
            float sine = sines.get(params.get(8) + position * headPairs + pair);
            if (params.get(5) != 0) {
                sine = -sine;
            }
            float real = x.get(params.get(6) + first);
            float imaginary = x.get(params.get(6) + second);
            out.set(params.get(9) + first, real * cosine - imaginary * sine);
            out.set(params.get(9) + second, imaginary * cosine + real * sine);
        }
    }
}
