package io.llm2clip.training;

import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Which captions, or pictures, of a batch are equal. Equal ones of two images are no negatives of each other: whoever pushed them
 * apart would ask for what cannot be done.
 */
final class EqualItems {
    private EqualItems() {}

    /** A number for each of some items; equal ones have equal numbers, from 0. */
    static int[] numbers(List<?> items) {
        Map<Object, Integer> numberOf = new HashMap<>();
        return items.stream()
                .mapToInt(item -> numberOf.computeIfAbsent(item, _ -> numberOf.size()))
                .toArray();
    }

    /** Whether a number is there more than once. */
    static boolean anyEqual(int... numbers) {
        return Arrays.stream(numbers).distinct().count() < numbers.length;
    }

    /**
     * What to add to the scores of a batch {@code [rows, columns]}, so that equal items do not count as negatives.
     *
     * @param rows for every row the numbers of its items
     * @param columns the same for every column; row i and column i are a pair, which is kept
     */
    static TensorData mask(int[][] rows, int[][] columns) {
        Map<Integer, List<Integer>> columnsOf = columnsOf(columns);
        float[] mask = new float[Math.multiplyExact(rows.length, columns.length)];
        for (int r = 0; r < rows.length; r++) {
            for (int number : rows[r]) {
                for (int c : columnsOf.getOrDefault(number, List.of())) {
                    mask[r * columns.length + c] = c == r ? 0 : ContrastiveLoss.LEFT_OUT;
                }
            }
        }
        return TensorData.of(Shape.of(rows.length, columns.length), mask);
    }

    /** Whether {@link #mask} leaves anything out: whether a row has an item of another one's column. */
    static boolean anyMeet(int[][] rows, int[][] columns) {
        Map<Integer, List<Integer>> columnsOf = columnsOf(columns);
        return IntStream.range(0, rows.length)
                .anyMatch(r -> Arrays.stream(rows[r])
                        .anyMatch(number -> columnsOf.getOrDefault(number, List.of()).stream()
                                .anyMatch(c -> c != r)));
    }

    private static Map<Integer, List<Integer>> columnsOf(int[][] columns) {
        Map<Integer, List<Integer>> columnsOf = new HashMap<>();
        for (int c = 0; c < columns.length; c++) {
            for (int number : columns[c]) {
                columnsOf.computeIfAbsent(number, _ -> new ArrayList<>()).add(c);
            }
        }
        return columnsOf;
    }
}
