package io.llm2clip.evaluation.suite;

import java.util.List;
import java.util.Optional;

/**
 * What came of a model on a data set.
 *
 * @param measurement the model's figures
 * @param versus those of a baseline, if there is one and the model's are there
 */
public record Findings(Measurement measurement, Optional<Versus> versus) {
    /** Of a model alone. */
    static Findings of(Measurement measurement) {
        return new Findings(measurement, Optional.empty());
    }

    /** The same beside a baseline that could not be measured. */
    Findings without(String baseline, String reason) {
        return new Findings(measurement, Optional.of(new Versus(baseline, new Measurement.Failed(reason), List.of())));
    }

    /** Whether the model or its baseline could not be measured. */
    public boolean failed() {
        return measurement instanceof Measurement.Failed
                || versus.filter(each -> each.baseline() instanceof Measurement.Failed)
                        .isPresent();
    }

    /** What the two can be compared by; empty without a baseline, and if that failed. */
    Optional<Versus> compared() {
        return versus.filter(each -> !each.differences().isEmpty());
    }
}
