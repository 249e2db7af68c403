package io.llm2clip.evaluation.suite;

import java.util.List;

/**
 * A baseline on the images that it and the model could read.
 *
 * @param name of the baseline, for people
 * @param baseline its figures
 * @param differences of the model from it, the main one first; none if the baseline failed
 */
public record Versus(String name, Measurement baseline, List<Difference> differences) {
    public Versus {
        differences = List.copyOf(differences);
    }

    /** The one that a verdict is about. */
    Difference main() {
        return differences.getFirst();
    }
}
