package io.llm2clip.text;

import java.util.Arrays;
import java.util.List;

/**
 * Rows of tokens one behind the other, without padding between them. The last tokens fill the batch up to a {@link #capacity}, so
 * that batches share few compiled programs; they belong to no row, are not pooled, and nothing attends to them.
 *
 * @param rows the rows
 * @param ids {@code [N]}
 * @param positions {@code [N]} of each token within its row
 * @param offsets {@code [S + 1]}; row s is tokens {@code offsets[s] .. offsets[s+1]-1}, those from {@link #size} on are empty
 */
public record TokenBatch(List<CaptionRow> rows, int[] ids, int[] positions, int[] offsets) {
    /**
     * Tokens per row that a batch of several rows has room for: S is N over this, and 1 for a single row. Of shorter rows it takes fewer
     * than its tokens would allow.
     */
    public static final int TOKENS_PER_ROW = 4;

    /** Below it padding is cheaper than another program. */
    private static final int SMALLEST_STEP = 8;

    /** Steps from a power of two to the next. */
    private static final int STEPS = 8;

    /** Any will do. */
    private static final int FILLER = 0;

    public TokenBatch {
        rows = List.copyOf(rows);
    }

    /** A batch of rows. */
    public static TokenBatch of(List<CaptionRow> rows) {
        long room = rows.stream().mapToLong(TokenBatch::room).sum();
        int tokens = capacity(Math.toIntExact(room));
        int[] ids = new int[tokens];
        Arrays.fill(ids, FILLER);
        int[] positions = new int[tokens];
        // Texts are often embedded one by one, as queries: their programs need no vectors of other rows.
        int capacity = rows.size() == 1 ? 1 : tokens / TOKENS_PER_ROW;
        int[] offsets = new int[capacity + 1];
        int start = 0;
        for (int s = 0; s < rows.size(); s++) {
            int[] row = rows.get(s).ids();
            System.arraycopy(row, 0, ids, start, row.length);
            for (int i = 0; i < row.length; i++) {
                positions[start + i] = i;
            }
            start += row.length;
            offsets[s + 1] = start;
        }
        Arrays.fill(offsets, rows.size() + 1, offsets.length, start);
        return new TokenBatch(rows, ids, positions, offsets);
    }

    /** Tokens that a row takes of a batch. */
    public static int room(CaptionRow row) {
        return Math.max(TOKENS_PER_ROW, row.ids().length);
    }

    /**
     * Tokens of the smallest batch that has room for so many: multiples of 8 up to 128, from there eight sizes from each power of two to
     * the next, so that of a batch of more than 64 tokens less than a ninth is filled up.
     */
    public static int capacity(int tokens) {
        int step = Math.max(SMALLEST_STEP, Integer.highestOneBit(Math.max(1, tokens - 1)) / STEPS);
        return Math.multiplyExact(Math.ceilDiv(Math.max(1, tokens), step), step);
    }

    /** Number of rows. */
    public int size() {
        return rows.size();
    }

    /** N, what fills the batch up included. */
    public int tokens() {
        return ids.length;
    }

    /** S, as many rows as there may be. */
    public int capacityOfRows() {
        return offsets.length - 1;
    }

    /** Weights {@code [N]}, of each row summing to 1: a caption's vector is the sum of its weighted hidden states. */
    public float[] poolingWeights(Pooling pooling) {
        float[] weights = new float[ids.length];
        for (int s = 0; s < rows.size(); s++) {
            CaptionRow row = rows.get(s);
            int start = offsets[s] + row.pooledStart();
            int pooled = row.pooledLength();
            switch (pooling) {
                case MEAN -> Arrays.fill(weights, start, start + pooled, 1f / pooled);
                case WEIGHTED_MEAN -> {
                    for (int i = 0; i < pooled; i++) {
                        weights[start + i] = (float) (2.0 * (i + 1) / ((double) pooled * (pooled + 1)));
                    }
                }
                case LAST_TOKEN, EOS_TOKEN -> weights[offsets[s + 1] - 1] = 1;
                case BOS_TOKEN -> weights[offsets[s]] = 1;
            }
        }
        return weights;
    }

    /** The row {@code [N]} that pools each token, S for tokens without weight. */
    public int[] pooledBy(float[] weights) {
        int[] pooledBy = new int[ids.length];
        Arrays.fill(pooledBy, capacityOfRows());
        for (int s = 0; s < rows.size(); s++) {
            for (int i = offsets[s]; i < offsets[s + 1]; i++) {
                if (weights[i] != 0) {
                    pooledBy[i] = s;
                }
            }
        }
        return pooledBy;
    }
}
