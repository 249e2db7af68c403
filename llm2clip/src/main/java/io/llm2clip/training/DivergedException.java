package io.llm2clip.training;

import java.nio.file.Path;

/**
 * A training was ended because loss or gradients of many steps in a row were not finite. The parameters are those after an earlier
 * step, with which loss and gradients were finite, or those of the start if there was no such step.
 */
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final long steps;

    DivergedException(String message, long steps) {
        super(message);
        this.steps = steps;
    }

    /** After how many steps the parameters were as they are now. */
    public long steps() {
        return steps;
    }

    /** The same failure, where the model was saved. */
    DivergedException savedTo(Path directory) {
        var saved = new DivergedException(
                "%s The model as it was %s is in %s."
                        .formatted(
                                getMessage(),
                                steps == 0 ? "at the start of it" : "after %d steps of it".formatted(steps),
                                directory),
                steps);
        saved.initCause(this);
        return saved;
    }
}
