package io.llm2clip.nn.optimizer;

/** A gradient that is infinite or not a number; the step was not made, and nothing has changed. */
public final class NonFiniteGradientException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NonFiniteGradientException(String message) {
        super(message);
    }
}
