package io.llm2clip.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** How items are grouped, so that any number of them needs only a handful of compiled programs. */
public final class Batches {
    private Batches() {}

    /** The largest power of two up to both numbers, which are positive. */
    static int next(int remaining, int max) {
        return Integer.highestOneBit(Math.min(remaining, max));
    }

    /** Items {@code 0 .. count - 1} in their order, by powers of two, at most {@code max} per batch. */
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
     * Items in their order, as many per batch as there is room for.
     *
     * @param room that each item takes
     * @param max of a batch; an item that takes more is alone
     */
    public static List<int[]> ofRoom(int[] room, int max) {
        List<int[]> batches = new ArrayList<>();
        for (int start = 0; start < room.length; ) {
            int end = start + 1;
            long taken = room[start];
            while (end < room.length && taken + room[end] <= max) {
                taken += room[end];
                end++;
            }
            batches.add(IntStream.range(start, end).toArray());
            start = end;
        }
        return batches;
    }
}
