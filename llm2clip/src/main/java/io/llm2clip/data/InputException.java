package io.llm2clip.data;

/**
 * A file given by the user cannot be used. The message is one sentence that names the file, says what is wrong with
 * it, and where possible what to do; it is meant to be shown as it is.
 */
public final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public InputException(String message) {
        super(message);
    }

    public InputException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The sentence; never null. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
