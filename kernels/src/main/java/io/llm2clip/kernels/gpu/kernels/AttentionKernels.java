package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/**
 * Attention with online softmax (Milakov and Gimelshein 2018; Dao et al. 2022) and its gradients. A work-item owns a query row, or
 * a key row for dk and dv, and its work-group walks over tiles of the other sequence in local memory; so no sum depends on timing.
 *
 * <p>Params of all: queries, keys, heads, keyValueHeads, headSize, causal (0 or 1), ragged (0 or 1), sequences. Scalars: scale.
 * Work-groups of {@link #GROUP} rows along x, heads along y (key/value heads for key rows), sequences along z. Of ragged sequences, rows
 * are those of all together, so a group may have rows of several: it walks over tiles of all of them, and each work-item takes its own.
 *
 * <p>Rows of queries and keys are numbered over all sequences. A query sees keys up to its own number if it is causal, as there are
 * then as many queries as keys.
 */
public final class AttentionKernels {
    /** Rows per work-group. */
    public static final int GROUP = 32;
    /** Rows per tile. */
    public static final int TILE = 16;
    /** Maximum number of channels per head; rows are private arrays. */
    public static final int MAX_HEAD_SIZE = 128;
    /** Ints of the dimensions. */
    static final int HEADER = 8;

    private AttentionKernels() {}

    /** The forward pass. */
    static void k_attention(
            KernelContext context,
            FloatBuf q,
            FloatBuf k,
            FloatBuf v,
            IntBuf extents,
            FloatBuf out,
            IntBuf params,
            FloatBuf scalars) {
        float[] keyTile = context.allocateFloatLocalArray(TILE * MAX_HEAD_SIZE);
        float[] valueTile = context.allocateFloatLocalArray(TILE * MAX_HEAD_SIZE);
        float[] queryRow = new float[MAX_HEAD_SIZE];
        float[] sums = new float[MAX_HEAD_SIZE];
        int headSize = params.get(4);
        int query = context.groupIdz * params.get(0) + context.globalIdx;
        boolean owner = context.globalIdx < params.get(0);
        int at = k_queryRow(params, query, context.groupIdy);
        int passed = k_passed(extents, params, query);
        int first = k_firstKey(context, extents, params, passed);
        int visible = owner ? k_visible(params, k_endKey(context, extents, params, passed), query) : 0;
        // What the group's first row may see first, and its last row last.
        int firstRow = query - context.localIdx;
        int lastRow = firstRow + GROUP - 1;
        int begin = k_firstKey(context, extents, params, k_passed(extents, params, firstRow));
        int end = k_endKey(context, extents, params, k_passed(extents, params, lastRow));
        end = k_visible(params, end, lastRow);
        if (owner) {
            k_loadRow(q, queryRow, params.get(HEADER) + at, headSize);
        }
        for (int d = 0; d < headSize; d++) {
            sums[d] = 0f;
        }
        float max = Float.NEGATIVE_INFINITY;
        float denominator = 0f;
        for (int start = begin; start < end; start += TILE) {
            int rows = KMath.min(TILE, end - start);
            k_loadKeys(context, k, params, keyTile, params.get(HEADER + 1), context.groupIdy, start, rows);
            k_loadKeys(context, v, params, valueTile, params.get(HEADER + 2), context.groupIdy, start, rows);
            context.localBarrier();
            int limit = KMath.min(rows, visible - start);
            for (int j = KMath.max(0, first - start); j < limit; j++) {
                float score = k_dot(queryRow, keyTile, j * headSize, headSize) * scalars.get(0);
                float newMax = KMath.max(max, score);
                float correction = KMath.exp(max - newMax);
                float weight = KMath.exp(score - newMax);
                denominator = denominator * correction + weight;
                for (int d = 0; d < headSize; d++) {
                    sums[d] = sums[d] * correction + weight * valueTile[j * headSize + d];
                }
                max = newMax;
            }
            context.localBarrier();
        }
        if (owner) {
            // A query with no key has sums and a denominator of 0.
            float factor = visible > first ? 1f / denominator : 0f;
            int row = params.get(HEADER + 4) + at;
            for (int d = 0; d < headSize; d++) {
                out.set(row + d, sums[d] * factor);
            }
        }
    }

    /**
     * dq, and for each query the logarithm of the softmax's denominator and {@code sum(p dp)}, which the key rows need: statistics
     * {@code [2, rows of queries, heads]}.
     */
    static void k_attentionGradientQuery(
            KernelContext context,
            FloatBuf q,
            FloatBuf k,
            FloatBuf v,
            IntBuf extents,
            FloatBuf dout,
            FloatBuf dq,
            FloatBuf statistics,
            IntBuf params,
            FloatBuf scalars) {
        float[] keyTile = context.allocateFloatLocalArray(TILE * MAX_HEAD_SIZE);
        float[] valueTile = context.allocateFloatLocalArray(TILE * MAX_HEAD_SIZE);
        float[] queryRow = new float[MAX_HEAD_SIZE];
        float[] gradientRow = new float[MAX_HEAD_SIZE];
        float[] sums = new float[MAX_HEAD_SIZE];
        int headSize = params.get(4);
        int query = context.groupIdz * params.get(0) + context.globalIdx;
        boolean owner = context.globalIdx < params.get(0);
        int at = k_queryRow(params, query, context.groupIdy);
        int passed = k_passed(extents, params, query);
        int first = k_firstKey(context, extents, params, passed);
        int visible = owner ? k_visible(params, k_endKey(context, extents, params, passed), query) : 0;
        // What the group's first row may see first, and its last row last.
        int firstRow = query - context.localIdx;
        int lastRow = firstRow + GROUP - 1;
        int begin = k_firstKey(context, extents, params, k_passed(extents, params, firstRow));
        int end = k_endKey(context, extents, params, k_passed(extents, params, lastRow));
        end = k_visible(params, end, lastRow);
        if (owner) {
            k_loadRow(q, queryRow, params.get(HEADER) + at, headSize);
            k_loadRow(dout, gradientRow, params.get(HEADER + 4) + at, headSize);
        }
        for (int d = 0; d < headSize; d++) {
            sums[d] = 0f;
        }
        float max = Float.NEGATIVE_INFINITY;
        float denominator = 0f;
        float product = 0f;
        for (int start = begin; start < end; start += TILE) {
            int rows = KMath.min(TILE, end - start);
            k_loadKeys(context, k, params, keyTile, params.get(HEADER + 1), context.groupIdy, start, rows);
            k_loadKeys(context, v, params, valueTile, params.get(HEADER + 2), context.groupIdy, start, rows);
            context.localBarrier();
            int limit = KMath.min(rows, visible - start);
            for (int j = KMath.max(0, first - start); j < limit; j++) {
                float score = k_dot(queryRow, keyTile, j * headSize, headSize) * scalars.get(0);
                float newMax = KMath.max(max, score);
                float correction = KMath.exp(max - newMax);
                float weight = KMath.exp(score - newMax);
                denominator = denominator * correction + weight;
                product = product * correction + weight * k_dot(gradientRow, valueTile, j * headSize, headSize);
                max = newMax;
            }
            context.localBarrier();
        }
        float logDenominator = max + KMath.log(denominator);
        float mean = visible > first ? product / denominator : 0f;
        for (int start = begin; start < end; start += TILE) {
            int rows = KMath.min(TILE, end - start);
            k_loadKeys(context, k, params, keyTile, params.get(HEADER + 1), context.groupIdy, start, rows);
            k_loadKeys(context, v, params, valueTile, params.get(HEADER + 2), context.groupIdy, start, rows);
            context.localBarrier();
            int limit = KMath.min(rows, visible - start);
            for (int j = KMath.max(0, first - start); j < limit; j++) {
                int row = j * headSize;
                float weight = KMath.exp(k_dot(queryRow, keyTile, row, headSize) * scalars.get(0) - logDenominator);
                float slope = weight * (k_dot(gradientRow, valueTile, row, headSize) - mean) * scalars.get(0);
                for (int d = 0; d < headSize; d++) {
                    sums[d] = sums[d] + slope * keyTile[row + d];
                }
            }
            context.localBarrier();
        }
        if (owner) {
            int row = params.get(HEADER + 5) + at;
            for (int d = 0; d < headSize; d++) {
                dq.set(row + d, sums[d]);
            }
            int statistic = params.get(HEADER + 6) + k_statistic(params, query, context.groupIdy);
            statistics.set(statistic, logDenominator);
            statistics.set(statistic + k_statistics(context, params), mean);
        }
    }

    /** dk and dv, from the statistics of {@link #k_attentionGradientQuery}. Group rows are keys. */
    static void k_attentionGradientKey(
            KernelContext context,
            FloatBuf q,
            FloatBuf k,
            FloatBuf v,
            IntBuf extents,
            FloatBuf dout,
            FloatBuf statistics,
            FloatBuf dk,
            FloatBuf dv,
            IntBuf params,
            FloatBuf scalars) {
        float[] queryTile = context.allocateFloatLocalArray(TILE * MAX_HEAD_SIZE);
        float[] gradientTile = context.allocateFloatLocalArray(TILE * MAX_HEAD_SIZE);
        float[] keyRow = new float[MAX_HEAD_SIZE];
        float[] valueRow = new float[MAX_HEAD_SIZE];
        float[] keySums = new float[MAX_HEAD_SIZE];
        float[] valueSums = new float[MAX_HEAD_SIZE];
        int keyValueHeads = params.get(3);
        int headSize = params.get(4);
        int key = context.groupIdz * params.get(1) + context.globalIdx;
        boolean owner = context.globalIdx < params.get(1);
        int at = (key * keyValueHeads + context.groupIdy) * headSize;
        int passed = k_passed(extents, params, key);
        boolean exists = key < k_endKey(context, extents, params, passed);
        int first = k_firstQuery(context, extents, params, passed, key);
        int last = exists ? k_endQuery(context, extents, params, passed) : 0;
        int firstRow = key - context.localIdx;
        int begin = k_firstQuery(context, extents, params, k_passed(extents, params, firstRow), firstRow);
        int end = k_endQuery(context, extents, params, k_passed(extents, params, firstRow + GROUP - 1));
        if (owner) {
            k_loadRow(k, keyRow, params.get(HEADER + 1) + at, headSize);
            k_loadRow(v, valueRow, params.get(HEADER + 2) + at, headSize);
        }
        for (int d = 0; d < headSize; d++) {
            keySums[d] = 0f;
            valueSums[d] = 0f;
        }
        int members = params.get(2) / keyValueHeads;
        int statisticsSize = k_statistics(context, params);
        for (int member = 0; member < members; member++) {
            int head = context.groupIdy * members + member;
            for (int start = begin; start < end; start += TILE) {
                int rows = KMath.min(TILE, end - start);
                k_loadQueries(context, q, params, queryTile, params.get(HEADER), head, start, rows);
                k_loadQueries(context, dout, params, gradientTile, params.get(HEADER + 4), head, start, rows);
                context.localBarrier();
                int limit = KMath.min(rows, last - start);
                for (int i = KMath.max(0, first - start); i < limit; i++) {
                    int row = i * headSize;
                    int statistic = params.get(HEADER + 5) + k_statistic(params, start + i, head);
                    float score = k_dot(keyRow, queryTile, row, headSize) * scalars.get(0);
                    float weight = KMath.exp(score - statistics.get(statistic));
                    float mean = statistics.get(statistic + statisticsSize);
                    float slope = weight * (k_dot(valueRow, gradientTile, row, headSize) - mean) * scalars.get(0);
                    for (int d = 0; d < headSize; d++) {
                        keySums[d] = keySums[d] + slope * queryTile[row + d];
                        valueSums[d] = valueSums[d] + weight * gradientTile[row + d];
                    }
                }
                context.localBarrier();
            }
        }
        if (owner) {
            int dkRow = params.get(HEADER + 6) + at;
            int dvRow = params.get(HEADER + 7) + at;
            for (int d = 0; d < headSize; d++) {
                dk.set(dkRow + d, keySums[d]);
                dv.set(dvRow + d, valueSums[d]);
            }
        }
    }

    /** The row behind the last key that a query sees, of keys up to a row. */
    static int k_visible(IntBuf params, int end, int query) {
        return params.get(5) == 0 ? end : KMath.min(end, query + 1);
    }

    /** Number of offsets of ragged sequences up to a row: s + 1 in sequence s, 0 before all of them; found by halving. */
    static int k_passed(IntBuf extents, IntBuf params, int row) {
        int low = 0;
        int high = params.get(6) == 0 ? 0 : params.get(7) + 1;
        int offsets = params.get(HEADER + 3);
        while (low < high) {
            int middle = (low + high) / 2;
            boolean passed = extents.get(offsets + middle) < row + 1;
            low = passed ? middle + 1 : low;
            high = passed ? high : middle;
        }
        return low;
    }

    /** The offset of the sequence of a ragged row; between sequences and behind them, where no row follows. */
    static int k_start(IntBuf extents, IntBuf params, int passed) {
        return extents.get(params.get(HEADER + 3) + KMath.max(passed, 1) - 1);
    }

    /** The offset behind the sequence of a ragged row; outside of sequences as {@link #k_start}. */
    static int k_end(IntBuf extents, IntBuf params, int passed) {
        return extents.get(params.get(HEADER + 3) + KMath.min(passed, params.get(7)));
    }

    /** The first key of a row's sequence. */
    static int k_firstKey(KernelContext context, IntBuf extents, IntBuf params, int passed) {
        return params.get(6) == 0 ? context.groupIdz * params.get(1) : k_start(extents, params, passed);
    }

    /** The row behind the last key that exists in a row's sequence. */
    static int k_endKey(KernelContext context, IntBuf extents, IntBuf params, int passed) {
        int padded = context.groupIdz * params.get(1);
        return params.get(6) == 0
                ? padded + extents.get(params.get(HEADER + 3) + context.groupIdz)
                : k_end(extents, params, passed);
    }

    /** The first query that sees a key. */
    static int k_firstQuery(KernelContext context, IntBuf extents, IntBuf params, int passed, int key) {
        int first = params.get(6) == 0 ? context.groupIdz * params.get(0) : k_start(extents, params, passed);
        return params.get(5) == 0 ? first : KMath.max(first, key);
    }

    /** The row behind the last query of a row's sequence. */
    static int k_endQuery(KernelContext context, IntBuf extents, IntBuf params, int passed) {
        return params.get(6) == 0 ? (context.groupIdz + 1) * params.get(0) : k_end(extents, params, passed);
    }

    /** Offset of a query's row. */
    static int k_queryRow(IntBuf params, int query, int head) {
        return (query * params.get(2) + head) * params.get(4);
    }

    /** Offset of a query's statistics. */
    static int k_statistic(IntBuf params, int query, int head) {
        return query * params.get(2) + head;
    }

    /** Number of queries of all sequences and heads. */
    static int k_statistics(KernelContext context, IntBuf params) {
        return context.globalGroupSizeZ * params.get(2) * params.get(0);
    }

    static void k_loadRow(FloatBuf floats, float[] row, int from, int headSize) {
        for (int d = 0; d < headSize; d++) {
            row[d] = floats.get(from + d);
        }
    }

    /** Loads rows {@code start ..} of the key/value head that a head reads. */
    static void k_loadKeys(
            KernelContext context,
            FloatBuf floats,
            IntBuf params,
            float[] tile,
            int operand,
            int head,
            int start,
            int rows) {
        int keyValueHeads = params.get(3);
        int keyValueHead = head / (params.get(2) / keyValueHeads);
        int from = (start * keyValueHeads + keyValueHead) * params.get(4);
        k_loadTile(context, floats, tile, operand + from, keyValueHeads * params.get(4), rows, params.get(4));
    }

    /** Loads rows {@code start ..} of a head. */
    static void k_loadQueries(
            KernelContext context,
            FloatBuf floats,
            IntBuf params,
            float[] tile,
            int operand,
            int head,
            int start,
            int rows) {
        int from = operand + k_queryRow(params, start, head);
        k_loadTile(context, floats, tile, from, params.get(2) * params.get(4), rows, params.get(4));
    }

    static void k_loadTile(
            KernelContext context, FloatBuf floats, float[] tile, int from, int stride, int rows, int headSize) {
        for (int i = context.localIdx; i < rows * headSize; i += GROUP) {
            int row = i / headSize;
            tile[i] = floats.get(from + row * stride + i - row * headSize);
        }
    }

    static float k_dot(float[] row, float[] tile, int at, int headSize) {
        float sum = 0f;
        for (int d = 0; d < headSize; d++) {
            sum += row[d] * tile[at + d];
        }
        return sum;
    }
}
