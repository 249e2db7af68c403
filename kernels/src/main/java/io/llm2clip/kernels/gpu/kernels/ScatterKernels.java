package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/**
 * Sums of rows by index. The entries are put in order of their index, those of one index in order of their place, and cut into
 * chunks: a run of entries of one index then lies in one chunk or in some that follow each other. So frequent indices and rare ones
 * cost the same, and no sum depends on timing.
 *
 * <p>Params of all: work-items, count, columns, entries of a chunk | x, index, out, scratch. Scratch holds the entries in
 * order, as floats, and then for each chunk the sums {@code [columns]} of the run that began before it, if one did.
 */
public final class ScatterKernels {
    /** Ints of the dimensions. */
    static final int HEADER = 4;

    private ScatterKernels() {}

    /** Zeros, an element of out each. */
    static void k_zero(KernelContext context, FloatBuf floats, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            floats.set(params.get(HEADER + 2) + element, 0f);
        }
    }

    /** A work-group an entry: its place is the number of entries that come before it. */
    static void k_order(KernelContext context, FloatBuf floats, IntBuf ints, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int entry = context.groupIdx;
        int count = params.get(1);
        int index = params.get(HEADER + 1);
        int row = ints.get(index + entry);
        float before = 0f;
        for (int i = context.localIdx; i < count; i += RowKernels.GROUP) {
            // Of equal indices the earlier comes first.
            int last = i < entry ? row : row - 1;
            before += ints.get(index + i) <= last ? 1f : 0f;
        }
        int place = (int) RowKernels.k_groupSum(context, partials, before);
        if (context.localIdx == 0) {
            floats.set(params.get(HEADER + 3) + place, (float) entry);
        }
    }

    /** The index of the entry at a place of the order. */
    static int k_row(FloatBuf floats, IntBuf ints, IntBuf params, int place) {
        int entry = (int) floats.get(params.get(HEADER + 3) + place);
        return ints.get(params.get(HEADER + 1) + entry);
    }

    /** An item for each column of each chunk: sums of its runs, into out where they begin in the chunk, else into scratch. */
    static void k_sumRuns(KernelContext context, FloatBuf floats, IntBuf ints, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int columns = params.get(2);
            int chunk = element / columns;
            int column = element - chunk * columns;
            int first = chunk * params.get(3);
            int end = KMath.min(params.get(1), first + params.get(3));
            int row = k_row(floats, ints, params, first);
            int target = params.get(HEADER + 2) + row * columns + column;
            int before = -1;
            if (chunk > 0) {
                before = k_row(floats, ints, params, first - 1);
            }
            if (before == row) {
                target = params.get(HEADER + 3) + params.get(1) + element;
            }
            float sum = 0f;
            for (int place = first; place < end; place++) {
                int entry = (int) floats.get(params.get(HEADER + 3) + place);
                int next = ints.get(params.get(HEADER + 1) + entry);
                if (next != row) {
                    floats.set(target, sum);
                    row = next;
                    target = params.get(HEADER + 2) + row * columns + column;
                    sum = 0f;
                }
                sum += floats.get(params.get(HEADER) + entry * columns + column);
            }
            floats.set(target, sum);
        }
    }

    /** An item for each column of each chunk: adds to the last run that began in it what the chunks behind have of it. */
    static void k_joinRuns(KernelContext context, FloatBuf floats, IntBuf ints, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int columns = params.get(2);
            int length = params.get(3);
            int chunk = element / columns;
            int first = chunk * length;
            int next = KMath.min(params.get(1), first + length);
            int row = k_row(floats, ints, params, next - 1);
            int before = -1;
            if (chunk > 0) {
                before = k_row(floats, ints, params, first - 1);
            }
            if (before != row) {
                int target = params.get(HEADER + 2) + row * columns + element - chunk * columns;
                int part = params.get(HEADER + 3) + params.get(1) + element;
                float sum = floats.get(target);
                int end = params.get(1);
                for (int place = next; place < end; place += length) {
                    if (k_row(floats, ints, params, place) == row) {
                        part += columns;
                        sum += floats.get(part);
                    } else {
                        end = place;
                    }
                }
                floats.set(target, sum);
            }
        }
    }
}
