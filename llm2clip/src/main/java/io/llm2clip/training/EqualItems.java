package io.llm2clip.training;

import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which captions, or pictures, of a data set are equal. Equal ones of two images are no negatives of each other: whoever pushed them
 * apart would ask for what cannot be done.
 */
final class EqualItems {
    private final int[][] numbers;
    private final int shared;

    private EqualItems(int[][] numbers, int shared) {
        this.numbers = numbers;
        this.shared = shared;
    }

    /**
     * Compares all items.
     *
     * @param items by image; what {@link Object#equals} calls equal is
     */
    static <I> EqualItems of(List<List<I>> items) {
        Map<I, Integer> numberOf = new HashMap<>();
        Map<Integer, Integer> firstImage = new HashMap<>();
        Set<Integer> shared = new HashSet<>();
        int[][] numbers = new int[items.size()][];
        for (int image = 0; image < numbers.length; image++) {
            List<I> each = items.get(image);
            numbers[image] = new int[each.size()];
            for (int c = 0; c < each.size(); c++) {
                int number = numberOf.computeIfAbsent(each.get(c), _ -> numberOf.size());
                numbers[image][c] = number;
                Integer first = firstImage.putIfAbsent(number, image);
                if (first != null && first != image) {
                    shared.add(number);
                }
            }
        }
        return new EqualItems(numbers, shared.size());
    }

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

    /** How many different items belong to more than one image. */
    int shared() {
        return shared;
    }

    /** The number of an item, from 0; equal items have equal numbers. */
    int number(int image, int item) {
        return numbers[image][item];
    }

    /**
     * What to add to the scores of a batch {@code [rows, columns]}, so that equal items do not count as negatives.
     *
     * @param rows for every row the numbers of its items
     * @param columns the same for every column; row i and column i are a pair, which is kept
     */
    static TensorData mask(int[][] rows, int[][] columns) {
        Map<Integer, List<Integer>> columnsOf = new HashMap<>();
        for (int c = 0; c < columns.length; c++) {
            for (int number : columns[c]) {
                columnsOf.computeIfAbsent(number, _ -> new ArrayList<>()).add(c);
            }
        }
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
}
