package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/**
 * Sums of rows by index. The entries are sorted by index, those of one index by position, and cut into chunks: a run of entries of
 * one index is then in one chunk or in consecutive ones. So frequent indices and rare ones cost the same, and no sum depends on timing.
 *
 * <p>Params of all: work-items, count, columns, entries per chunk. Order holds the sorted entries, as floats; carries hold for each
 * chunk the sums {@code [columns]} of the run that began before it, if one did.
 */
public final class ScatterKernels {
    /** Ints of the dimensions. */
    static final int HEADER = 4;

    private ScatterKernels() {}

    /** Zeros, a work-item per element. */
    static void k_zero(KernelContext context, FloatBuf out, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            out.set(params.get(HEADER) + element, 0f);
        }
    }

    /** A work-group per entry: its place is the number of entries that come before it. */
    static void k_order(KernelContext context, IntBuf index, FloatBuf order, IntBuf params) {
        float[] partials = context.allocateFloatLocalArray(RowKernels.GROUP);
        int entry = context.groupIdx;
        int count = params.get(1);
        int first = params.get(HEADER);
        int row = index.get(first + entry);
        float before = 0f;
        for (int i = context.localIdx; i < count; i += RowKernels.GROUP) {
            // Of equal indices the earlier comes first.
            int last = i < entry ? row : row - 1;
            before += index.get(first + i) <= last ? 1f : 0f;
        }
        int place = (int) RowKernels.k_groupSum(context, partials, before, RowKernels.GROUP);
        if (context.localIdx == 0) {
            order.set(params.get(HEADER + 1) + place, (float) entry);
        }
    }

    /** The index of the entry at a place of the order; the kernel's first operands are index and order. */
    static int k_row(IntBuf index, FloatBuf order, IntBuf params, int place) {
        int entry = (int) order.get(params.get(HEADER + 1) + place);
        return index.get(params.get(HEADER) + entry);
    }

    /** A work-item per column of a chunk: sums of its runs, into out where they begin in the chunk, else into carries. */
    static void k_sumRuns(
            KernelContext context,
            IntBuf index,
            FloatBuf order,
            FloatBuf x,
            FloatBuf out,
            FloatBuf carries,
            IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int columns = params.get(2);
            int chunk = element / columns;
            int column = element - chunk * columns;
            int first = chunk * params.get(3);
            int end = KMath.min(params.get(1), first + params.get(3));
            int row = k_row(index, order, params, first);
            int before = -1;
            if (chunk > 0) {
                before = k_row(index, order, params, first - 1);
            }
            boolean carried = before == row;
            float sum = 0f;
            for (int place = first; place < end; place++) {
                int entry = (int) order.get(params.get(HEADER + 1) + place);
                int next = index.get(params.get(HEADER) + entry);
                if (next != row) {
                    if (carried) {
                        carries.set(params.get(HEADER + 4) + element, sum);
                    } else {
                        out.set(params.get(HEADER + 3) + row * columns + column, sum);
                    }
                    carried = false;
                    row = next;
                    sum = 0f;
                }
                sum += x.get(params.get(HEADER + 2) + entry * columns + column);
            }
            if (carried) {
                carries.set(params.get(HEADER + 4) + element, sum);
            } else {
                out.set(params.get(HEADER + 3) + row * columns + column, sum);
            }
        }
    }

    /** A work-item per column of a chunk: adds to the last run that began in it what the chunks behind have of it. */
    static void k_joinRuns(
            KernelContext context, IntBuf index, FloatBuf order, FloatBuf out, FloatBuf carries, IntBuf params) {
        int element = context.globalIdx;
        if (element < params.get(0)) {
            int columns = params.get(2);
            int length = params.get(3);
            int chunk = element / columns;
            int first = chunk * length;
            int next = KMath.min(params.get(1), first + length);
            int row = k_row(index, order, params, next - 1);
            int before = -1;
            if (chunk > 0) {
                before = k_row(index, order, params, first - 1);
            }
            if (before != row) {
                int target = params.get(HEADER + 2) + row * columns + element - chunk * columns;
                int part = params.get(HEADER + 3) + element;
                float sum = out.get(target);
                int end = params.get(1);
                for (int place = next; place < end; place += length) {
                    if (k_row(index, order, params, place) == row) {
                        part += columns;
                        sum += carries.get(part);
                    } else {
                        end = place;
                    }
                }
                out.set(target, sum);
            }
        }
    }
}
