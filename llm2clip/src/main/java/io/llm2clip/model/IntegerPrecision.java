package io.llm2clip.model;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import java.nio.file.Path;

/** What the precision int8 asks of a model. */
final class IntegerPrecision {
    private IntegerPrecision() {}

    /**
     * Refuses it where nothing is quantized: it would change nothing, and not say so.
     *
     * @param path of the model, for the message
     */
    static void require(Parameters parameters, Path path, Execution execution) {
        boolean asked = execution.options().precision() == Precision.INT8;
        if (asked
                && parameters.all().stream()
                        .noneMatch(parameter -> parameter.data().dtype().isQuantized())) {
            throw new InputException(
                    "The model %s has no quantized weights, which the precision int8 is for; keep weights as int8 or int4 (--weights), or compute in f32."
                            .formatted(path));
        }
    }
}
