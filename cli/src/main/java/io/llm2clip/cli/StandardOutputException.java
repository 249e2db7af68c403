package io.llm2clip.cli;

import java.io.IOException;

/** Standard output takes nothing more. */
final class StandardOutputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StandardOutputException(IOException cause) {
        super("Standard output cannot be written (%s).".formatted(cause.getMessage()), cause);
    }
}
