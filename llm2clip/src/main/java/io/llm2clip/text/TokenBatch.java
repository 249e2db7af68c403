package io.llm2clip.text;

import java.util.Arrays;
import java.util.List;

/**
 * Rows padded on the right to a common length. Pads are never pooled and must be masked as keys; row {@code b} is real
 * in its first {@code lengths[b]} positions. Rotary positions are relative, so right padding gives the same states as
 * the left padding of the reference.
 *
 * @param ids {@code [B, T]}, row after row
 * @param lengths {@code [B]}
 * @param pooledStarts {@code [B]} first pooled position
 * @param pooledEnds {@code [B]} one past the last pooled position
 * @param length T
 */
public record TokenBatch(int[] ids, int[] lengths, int[] pooledStarts, int[] pooledEnds, int length) {
    /** Pads to the longest row. */
    public static TokenBatch of(List<CaptionRow> rows, int padId) {
        return of(
                rows,
                padId,
                rows.stream().mapToInt(row -> row.ids().length).max().orElse(0));
    }

    /**
     * Pads to a given length, so that batches share one compiled program.
     *
     * @throws IllegalArgumentException when a row is longer: nothing is truncated here
     */
    public static TokenBatch of(List<CaptionRow> rows, int padId, int length) {
        int[] ids = new int[Math.multiplyExact(rows.size(), length)];
        Arrays.fill(ids, padId);
        for (int b = 0; b < rows.size(); b++) {
            int[] row = rows.get(b).ids();
            if (row.length > length) {
                throw new IllegalArgumentException(
                        "Row %d has %d tokens but the batch has room for %d; raise the length or cut the caption."
                                .formatted(b, row.length, length));
            }
            System.arraycopy(row, 0, ids, b * length, row.length);
        }
        return new TokenBatch(
                ids,
                rows.stream().mapToInt(row -> row.ids().length).toArray(),
                rows.stream().mapToInt(CaptionRow::pooledStart).toArray(),
                rows.stream().mapToInt(CaptionRow::pooledEnd).toArray(),
                length);
    }

    /**
     * The length to pad to, so that batches share few compiled programs: multiples of 16 up to 128, from there four lengths from
     * each power of two to the next, so that less than a fifth of a long batch is padding.
     *
     * @param longest tokens of the batch's longest row
     */
    public static int paddedLength(int longest) {
        int step = Math.max(16, Integer.highestOneBit(Math.max(1, longest - 1)) / 4);
        return (longest + step - 1) / step * step;
    }

    /** B. */
    public int size() {
        return lengths.length;
    }

    /** Weights {@code [B, T]}, each row summing to 1: a caption's vector is its row times the hidden states. */
    public float[] poolingWeights(Pooling pooling) {
        float[] weights = new float[ids.length];
        for (int b = 0; b < size(); b++) {
            int row = b * length;
            int start = pooledStarts[b];
            int pooled = pooledEnds[b] - start;
            switch (pooling) {
                case MEAN -> Arrays.fill(weights, row + start, row + start + pooled, 1f / pooled);
                case WEIGHTED_MEAN -> {
                    for (int i = 0; i < pooled; i++) {
                        weights[row + start + i] = (float) (2.0 * (i + 1) / ((double) pooled * (pooled + 1)));
                    }
                }
                case LAST_TOKEN, EOS_TOKEN -> weights[row + lengths[b] - 1] = 1;
                case BOS_TOKEN -> weights[row] = 1;
            }
        }
        return weights;
    }
}
