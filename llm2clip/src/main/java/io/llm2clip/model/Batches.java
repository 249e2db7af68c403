package io.llm2clip.model;

import io.llm2clip.text.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** How items are grouped: by powers of two, so that any number of them needs only a handful of compiled programs. */
public final class Batches {
    private Batches() {}

    /** The largest power of two up to both numbers, which are positive. */
    static int next(int remaining, int max) {
        return Integer.highestOneBit(Math.min(remaining, max));
    }

    /** Items {@code 0 .. count - 1} in their order, at most {@code max} per batch. */
    public static List<int[]> of(int count, int max) {
        List<int[]> batches = new ArrayList<>();
        for (int start = 0; start < count; ) {
            int end = start + next(count - start, max);
            batches.add(IntStream.range(start, end).toArray());
            start = end;
        }
        return batches;
    }

    /**
     * Rows of tokens by length, the longest of a batch last.
     *
     * @param lengths tokens of each row
     * @param max rows per batch
     * @param maxTokens of a batch, padding included; a row that has more is alone
     */
    static List<int[]> ofRows(int[] lengths, int max, int maxTokens) {
        int[] order = IntStream.range(0, lengths.length)
                .boxed()
                .sorted(Comparator.comparingInt(row -> lengths[row]))
                .mapToInt(Integer::intValue)
                .toArray();
        List<int[]> batches = new ArrayList<>();
        for (int start = 0; start < order.length; ) {
            int count = next(order.length - start, max);
            while (count > 1 && (long) count * TokenBatch.paddedLength(lengths[order[start + count - 1]]) > maxTokens) {
                count /= 2;
            }
            batches.add(Arrays.copyOfRange(order, start, start + count));
            start += count;
        }
        return batches;
    }
}
