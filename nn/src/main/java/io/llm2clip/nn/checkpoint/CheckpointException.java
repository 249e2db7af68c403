package io.llm2clip.nn.checkpoint;

/** A checkpoint that cannot be read or written; the message names the file, what is wrong with it and the remedy. */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CheckpointException(String message) {
        super(message);
    }

    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
