package io.llm2clip.training.run;

import java.util.OptionalDouble;

/**
 * What a training came to on data that were held out.
 *
 * @param name for people, such as "R@1, text to image"
 * @param value a fraction
 * @param before what it was before the last phase of the training, if that was measured
 * @param chance what guessing has
 */
public record Outcome(String name, double value, OptionalDouble before, double chance) {
    /** Of a training whose start was not measured. */
    public Outcome(String name, double value, double chance) {
        this(name, value, OptionalDouble.empty(), chance);
    }
}
