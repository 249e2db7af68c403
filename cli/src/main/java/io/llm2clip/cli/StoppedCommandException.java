package io.llm2clip.cli;

/** A command was told to stop and has done so in good order: no error, but not the end that was asked for at first. */
final class StoppedCommandException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int code;

    /** @param code of the program's exit */
    StoppedCommandException(RuntimeException stopped, int code) {
        super(stopped.getMessage(), stopped);
        this.code = code;
    }

    int code() {
        return code;
    }
}
