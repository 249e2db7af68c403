package io.llm2clip.training.run;

import io.llm2clip.evaluation.Bootstrap.Interval;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a training came to on data that were held out.
 *
 * @param name for people, such as "R@1, text to image"
 * @param value a fraction
 * @param before what it was before the last phase of the training, if that was measured
 * @param gain how much more it is now, with its bootstrap interval over images; not recorded by earlier versions
 * @param baseline what another model has on the same data, if one was measured
 * @param chance what guessing has
 */
public record Outcome(
        String name,
        double value,
        OptionalDouble before,
        Optional<Interval> gain,
        Optional<Baseline> baseline,
        double chance) {
    /**
     * Another model's figure.
     *
     * @param name of the model, for people
     * @param value a fraction
     * @param difference how much more the trained model has, with its bootstrap interval over images; not recorded by earlier versions
     */
    public record Baseline(String name, double value, Optional<Interval> difference) {}

    /** Without a baseline. */
    public Outcome(String name, double value, OptionalDouble before, Optional<Interval> gain, double chance) {
        this(name, value, before, gain, Optional.empty(), chance);
    }

    /** Of a training whose start was not measured. */
    public Outcome(String name, double value, double chance) {
        this(name, value, OptionalDouble.empty(), Optional.empty(), chance);
    }
}
