package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import java.util.function.Consumer;

/**
 * Examples that are evenly spread over a set: all of a small one.
 *
 * @param places of the set
 * @param count examples of the sample
 */
public record EvenSample(ExamplePlaces places, int count) {

    /** A sample of at most so many examples of a set, which must have fewer than 2^31. */
    public static EvenSample of(ExampleSet set, int most) {
        ExamplePlaces places = new ExamplePlaces(set);
        return new EvenSample(places, Math.min(most, places.count()));
    }

    /** Whether it has all examples. */
    public boolean whole() {
        return count == places.count();
    }

    /**
     * Reads it, in the order of the set.
     *
     * @param use hears of examples that can be used
     * @param broken hears why, for each of the others
     */
    public void read(Consumer<Example> use, Consumer<InputException> broken) {
        for (int i = 0; i < count; i++) {
            Example example;
            try {
                example = places.read((int) ((long) i * places.count() / count));
            } catch (InputException e) {
                broken.accept(e);
                continue;
            }
            use.accept(example);
        }
    }
}
