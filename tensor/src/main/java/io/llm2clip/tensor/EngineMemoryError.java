package io.llm2clip.tensor;

/** There is no such memory outside of Java's heap, so a larger heap would not help; the message is a sentence with a remedy. */
public final class EngineMemoryError extends OutOfMemoryError {
    private static final long serialVersionUID = 1;

    EngineMemoryError(String message) {
        super(message);
    }
}
