package io.llm2clip.training;

import io.llm2clip.data.InputException;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A data set divided by position: every tenth item is measured, the others are learned from.
 *
 * @param training what is learned from
 * @param measured the rest
 */
record HeldOut<T>(List<T> training, List<T> measured) {
    private static final int EVERY = 10;
    /** Fewer leave less than two to measure with, among which there is nothing to confuse. */
    private static final int FEWEST = 2 * EVERY;

    /**
     * Divides items.
     *
     * @param name of the data, for the message
     * @param unit of the items, in the plural
     * @throws InputException if there are too few
     */
    static <T> HeldOut<T> of(List<T> items, String name, String unit) {
        if (items.size() < FEWEST) {
            throw new InputException(
                    "%s has %d usable %s, training needs at least %d, a tenth of which is held out; add some."
                            .formatted(name, items.size(), unit, FEWEST));
        }
        return new HeldOut<>(select(items, false), select(items, true));
    }

    private static <T> List<T> select(List<T> items, boolean measured) {
        return IntStream.range(0, items.size())
                .filter(i -> (i % EVERY == EVERY - 1) == measured)
                .mapToObj(items::get)
                .toList();
    }
}
