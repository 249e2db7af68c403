package io.llm2clip.training.run;

/** A training was stopped because that was asked for; the message says where it was saved and how to go on. */
public final class StoppedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** @param message where the training was stopped, and how to go on */
    public StoppedException(String message) {
        super(message);
    }
}
