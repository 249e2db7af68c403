package io.llm2clip.training.run;

import java.nio.file.Path;
import java.util.Map;

/** Measures a model as it is between two steps, and leaves it so. */
public interface Evaluation {
    /** Fractions by name; of two models the better one has the greater mean. */
    Map<String, Double> measure();

    /** Saves the model as an output of its own, in the place of an earlier one. */
    void save(Path directory);
}
