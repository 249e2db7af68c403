package io.llm2clip.training;

import io.llm2clip.data.InputException;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A data set divided by position: every n-th item is measured, the others are learned from.
 *
 * @param training what is learned from
 * @param measured the rest
 */
record HeldOut<T>(List<T> training, List<T> measured) {
    /** Among fewer there is nothing to confuse. */
    static final int LEAST = 2;

    /**
     * Divides items.
     *
     * @param share of what is measured
     * @param name of the data, for the message
     * @param unit of the items, in the plural
     * @throws InputException if there are too few
     */
    static <T> HeldOut<T> of(List<T> items, Validation.Share share, String name, String unit) {
        int every = share.every();
        if (items.size() < (long) LEAST * every) {
            throw new InputException(
                    "%s has %d usable %s, training needs at least %d, one in %d of which is held out; add some."
                            .formatted(name, items.size(), unit, (long) LEAST * every, every));
        }
        return new HeldOut<>(select(items, every, false), select(items, every, true));
    }

    /**
     * Two data sets.
     *
     * @throws InputException if one has too few items
     */
    static <T> HeldOut<T> of(List<T> training, List<T> measured, String names, String unit) {
        int fewest = Math.min(training.size(), measured.size());
        if (fewest < LEAST) {
            throw new InputException("%s: expected at least %d usable %s of each, found %d; add some."
                    .formatted(names, LEAST, unit, fewest));
        }
        return new HeldOut<>(training, measured);
    }

    private static <T> List<T> select(List<T> items, int every, boolean measured) {
        return IntStream.range(0, items.size())
                .filter(i -> (i % every == every - 1) == measured)
                .mapToObj(items::get)
                .toList();
    }
}
