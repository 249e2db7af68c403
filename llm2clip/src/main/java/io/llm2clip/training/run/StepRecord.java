package io.llm2clip.training.run;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What there is to say about one step.
 *
 * @param step its number within its phase, from 1
 * @param kind of its batch, empty where all are of one kind
 * @param skipped what was not finite, if the step was therefore not made, otherwise empty
 * @param metrics by name, such as {@code loss} and {@code learning_rate}; all are finite
 */
public record StepRecord(int step, String kind, String skipped, Map<String, Double> metrics) {
    public StepRecord {
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }
}
