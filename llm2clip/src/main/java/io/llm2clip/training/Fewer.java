package io.llm2clip.training;

import java.util.stream.IntStream;

/** How many examples are tried of a step that takes too much memory. */
final class Fewer {
    private Fewer() {}

    /**
     * Powers of two below a number, the greatest first.
     *
     * @param share of the step's memory that there is: programs take about as much for each example, so not all need to be tried
     */
    static int[] of(int most, double share) {
        if (most <= 1 || share <= 0) {
            return new int[0];
        }
        int first = Integer.highestOneBit((int) Math.clamp(most * share, 1, most - 1.0));
        return IntStream.iterate(first, tried -> tried > 0, tried -> tried / 2).toArray();
    }
}
